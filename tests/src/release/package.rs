use super::verdict::Verdict;
use crate::{Failure, step::step, workspace::cargo};

/// Both crates can be packaged, and the packages compile by themselves. Refused where something is
/// not committed: what is published is what is tagged.
pub(super) fn check() -> Result<Verdict, Failure> {
    let mut command = cargo();
    command.args(["publish", "--workspace", "--dry-run", "--locked", "--all-features"]);
    step("packages", &mut command)?;
    Ok(Verdict::Passed)
}
