use std::process::Command;

use crate::{
    Failure,
    step::step,
    workspace::{cargo, root, target},
};

/// A subcommand of cargo's that does not come with it, in the version that counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    /// Without the `cargo-`.
    name: &'static str,
    version: &'static str,
}

impl Tool {
    pub(crate) const DENY: Self = Self { name: "deny", version: "0.20.2" };
    pub(crate) const HACK: Self = Self { name: "hack", version: "0.6.46" };
    pub(crate) const SEMVER_CHECKS: Self = Self { name: "semver-checks", version: "0.51.0" };

    /// The start of its command line, once it is there: cargo installs it unless this version is.
    ///
    /// It goes into the target folder, so nobody's own tools are touched, and without optimisation,
    /// which would take longer than it saves.
    pub(crate) fn command(self) -> Result<Command, Failure> {
        let folder = target().join("tools");
        let program = format!("cargo-{}", self.name);
        let mut install = cargo();
        install.args(["install", "--quiet", "--locked", "--debug", "--root"]).arg(&folder);
        install.arg(format!("{program}@{}", self.version));
        // Otherwise the tool would be built among the workspace's own programs, and kept there.
        install.env_remove("CARGO_TARGET_DIR");
        step(&format!("{program} {}", self.version), &mut install)?;

        // Not as `cargo <name>`, which could find another version.
        let mut command = Command::new(folder.join("bin").join(program));
        command.current_dir(root()).arg(self.name);
        Ok(command)
    }
}
