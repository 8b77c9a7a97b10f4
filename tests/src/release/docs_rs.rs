//! The documentation as docs.rs builds it.

use super::{badges, verdict::Verdict};
use crate::{Failure, step::step, toolchain::Toolchain, workspace::target};

/// The toolchain of docs.rs, the only one that generates feature badges.
const NIGHTLY: Toolchain = Toolchain("nightly");

/// The flags of docs.rs, and `-D warnings`.
const FLAGS: &str = r#"build.rustdocflags=["--cfg", "docsrs", "-D", "warnings"]"#;

/// Checks that the documentation builds without a warning, and that items of a feature have a badge.
pub(super) fn check() -> Result<Verdict, Failure> {
    // A separate folder, because these pages differ from those of `cargo doc`.
    let folder = target().join("docs-rs");
    for package in ["liveops-derive", "liveops"] {
        let mut command = match NIGHTLY.cargo() {
            Ok(command) => command,
            Err(reason) => return Ok(Verdict::DidNotRun(reason)),
        };
        command.args(["rustdoc", "--locked", "--lib", "--all-features", "--package", package]);
        command.args(["--config", FLAGS]).arg("--target-dir").arg(&folder).env("DOCS_RS", "1");
        step(&format!("documentation of {package}, as on docs.rs"), &mut command)?;
    }
    badges::check(&folder.join("doc/liveops")).map_err(Failure::new)?;
    Ok(Verdict::Passed)
}
