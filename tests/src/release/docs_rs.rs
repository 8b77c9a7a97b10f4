use super::{badges, verdict::Verdict};
use crate::{Failure, step::step, toolchain::Toolchain, workspace::target};

/// What docs.rs builds with; only there do features get badges.
const NIGHTLY: Toolchain = Toolchain("nightly");

/// What docs.rs passes by itself; that a warning is an error is ours.
const FLAGS: &str = r#"build.rustdocflags=["--cfg", "docsrs", "-D", "warnings"]"#;

/// The documentation builds as docs.rs builds it, without a warning, and what a feature brings has a
/// badge that says so.
pub(super) fn check() -> Result<Verdict, Failure> {
    // Its own folder: these pages are not those of `cargo doc`.
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
