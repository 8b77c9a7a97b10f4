use std::process::Command;

use super::verdict::Verdict;
use crate::{Failure, program::output_of, step::step, tool::Tool, workspace::root};

/// Before this one there is nothing to compare with.
const FIRST_VERSION: &str = "0.1.0";

/// Nothing that the newest release promised is broken, unless the version says so.
pub(super) fn check() -> Result<Verdict, Failure> {
    match newest_release().map_err(Failure::new)? {
        Some(tag) => check_since(&tag),
        None if env!("CARGO_PKG_VERSION") == FIRST_VERSION => Ok(Verdict::NothingToCheck(format!(
            "no tag of a release is here, and {FIRST_VERSION} is the first one"
        ))),
        None => Ok(Verdict::DidNotRun("no tag of a release is here: git fetch --tags".into())),
    }
}

/// The same against any revision. The derive has no interface that could be compared.
pub(super) fn check_since(revision: &str) -> Result<Verdict, Failure> {
    let mut command = Tool::SEMVER_CHECKS.command()?;
    command.args(["--package", "liveops", "--all-features", "--baseline-rev", revision]);
    step(&format!("interface since {revision}"), &mut command)?;
    Ok(Verdict::Passed)
}

/// The tag of the newest release that this commit comes after.
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
