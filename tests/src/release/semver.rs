//! Compatibility with earlier versions, with cargo-semver-checks.

use std::process::Command;

use super::verdict::Verdict;
use crate::{Failure, program::output_of, step::step, tool::Tool, workspace::root};

/// The first version, which has no earlier version to compare with.
const FIRST_VERSION: &str = "0.1.0";

/// Checks for breaking changes since the newest release, unless the version permits them.
pub(super) fn check() -> Result<Verdict, Failure> {
    match newest_release().map_err(Failure::new)? {
        Some(tag) => check_since(&tag),
        None if env!("CARGO_PKG_VERSION") == FIRST_VERSION => Ok(Verdict::NothingToCheck(format!(
            "no release is tagged, and {FIRST_VERSION} is the first version"
        ))),
        None => Ok(Verdict::DidNotRun(
            "no release is tagged in this repository; run `git fetch --tags`".into(),
        )),
    }
}

/// Checks for breaking changes since any revision. The derive has no interface to compare.
pub(super) fn check_since(revision: &str) -> Result<Verdict, Failure> {
    let mut command = Tool::SEMVER_CHECKS.command()?;
    command.args(["--package", "liveops", "--all-features", "--baseline-rev", revision]);
    step(&format!("interface since {revision}"), &mut command)?;
    Ok(Verdict::Passed)
}

/// Returns the tag of the newest release before this commit.
fn newest_release() -> Result<Option<String>, String> {
    if git(&["rev-parse", "--is-shallow-repository"])? == "true" {
        return Err("expected the whole history, found a shallow clone".into());
    }
    let tags = git(&["tag", "--list", "v*", "--merged", "HEAD", "--sort=-version:refname"])?;
    Ok(tags.lines().next().map(str::to_owned))
}

fn git(words: &[&str]) -> Result<String, String> {
    output_of(Command::new("git").current_dir(root()).args(words))
}
