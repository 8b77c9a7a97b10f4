use super::verdict::Verdict;
use crate::{Failure, step::step, toolchain::Toolchain};

/// The first release of the version that the manifest says is enough.
const OLDEST: Toolchain = Toolchain(concat!(env!("CARGO_PKG_RUST_VERSION"), ".0"));

/// Both crates, and all they depend on, compile with the oldest Rust that the manifest promises.
pub(super) fn check() -> Result<Verdict, Failure> {
    let mut command = match OLDEST.cargo() {
        Ok(command) => command,
        Err(reason) => return Ok(Verdict::DidNotRun(reason)),
    };
    command.args(["check", "--locked", "--all-features"]);
    command.args(["--package", "liveops", "--package", "liveops-derive"]);
    step(&format!("Rust {}", OLDEST.0), &mut command)?;
    Ok(Verdict::Passed)
}
