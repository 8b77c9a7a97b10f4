use super::verdict::Verdict;
use crate::{Failure, step::step, tool::Tool};

/// Licences, crates that are not wanted, and where crates come from: what `deny.toml` says.
pub(super) fn check() -> Result<Verdict, Failure> {
    deny(&["bans", "licenses", "sources"])
}

/// What is known to be wrong with the crates in the lock file. The list is fetched from a host of
/// its own and grows without a commit, so this is no check of commits.
pub(super) fn check_advisories() -> Result<Verdict, Failure> {
    deny(&["advisories"])
}

fn deny(what: &[&str]) -> Result<Verdict, Failure> {
    let mut command = Tool::DENY.command()?;
    // A warning is a line of `deny.toml` that is not true any more.
    command.args(["--locked", "check", "--deny", "warnings"]).args(what);
    step("cargo-deny", &mut command)?;
    Ok(Verdict::Passed)
}
