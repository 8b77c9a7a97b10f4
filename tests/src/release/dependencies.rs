//! The checks of dependencies, with cargo-deny.

use super::verdict::Verdict;
use crate::{Failure, step::step, tool::Tool};

/// Checks licences, unwanted crates and sources of crates by `deny.toml`.
pub(super) fn check() -> Result<Verdict, Failure> {
    deny(&["bans", "licenses", "sources"])
}

/// Checks the lock file for known vulnerabilities. The list is fetched from another host and grows without a
/// commit, so this check is not run for every commit.
pub(super) fn check_advisories() -> Result<Verdict, Failure> {
    deny(&["advisories"])
}

fn deny(what: &[&str]) -> Result<Verdict, Failure> {
    let mut command = Tool::DENY.command()?;
    // A warning means that a line of `deny.toml` is outdated.
    command.args(["--locked", "check", "--deny", "warnings"]).args(what);
    step("cargo-deny", &mut command)?;
    Ok(Verdict::Passed)
}
