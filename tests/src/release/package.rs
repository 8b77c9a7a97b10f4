//! The packages to publish.

use super::verdict::Verdict;
use crate::{Failure, step::step, workspace::cargo};

/// Checks that both crates can be packaged and that the packages compile. Fails if the working tree has
/// uncommitted changes, because a release is published from a tag.
pub(super) fn check() -> Result<Verdict, Failure> {
    let mut command = cargo();
    command.args(["publish", "--workspace", "--dry-run", "--locked", "--all-features"]);
    step("packages", &mut command)?;
    Ok(Verdict::Passed)
}
