//! The oldest supported Rust.

use super::verdict::Verdict;
use crate::{Failure, step::step, toolchain::Toolchain};

/// The first release of the `rust-version` in the manifest.
const OLDEST: Toolchain = Toolchain(concat!(env!("CARGO_PKG_RUST_VERSION"), ".0"));

/// Checks that both crates and their dependencies compile with the `rust-version` of the manifest.
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
