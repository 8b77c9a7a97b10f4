//! The cargo subcommands that the checks use.

use std::process::Command;

use crate::{
    Failure,
    step::step,
    workspace::{cargo, root, target},
};

/// A cargo subcommand that is installed separately, in a pinned version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    /// The name without `cargo-`.
    name: &'static str,
    version: &'static str,
}

impl Tool {
    pub(crate) const DENY: Self = Self { name: "deny", version: "0.20.2" };
    pub(crate) const FUZZ: Self = Self { name: "fuzz", version: "0.13.2" };
    pub(crate) const HACK: Self = Self { name: "hack", version: "0.6.46" };
    pub(crate) const SEMVER_CHECKS: Self = Self { name: "semver-checks", version: "0.51.0" };

    /// Returns the start of the command line. Installs the tool first, unless this version is installed.
    ///
    /// The tool is installed into the target folder, so the user's own tools do not change, and without
    /// optimisation, which would take longer than it saves.
    pub(crate) fn command(self) -> Result<Command, Failure> {
        let folder = target().join("tools");
        let program = format!("cargo-{}", self.name);
        let mut install = cargo();
        install.args(["install", "--quiet", "--locked", "--debug", "--root"]).arg(&folder);
        install.arg(format!("{program}@{}", self.version));
        // Otherwise cargo would build the tool in the target folder of the workspace and keep it there.
        install.env_remove("CARGO_TARGET_DIR");
        step(&format!("{program} {}", self.version), &mut install)?;

        // Called directly, because `cargo <name>` could find another version.
        let mut command = Command::new(folder.join("bin").join(program));
        command.current_dir(root()).arg(self.name);
        Ok(command)
    }
}
