use super::verdict::Verdict;
use crate::{Failure, step::step, tool::Tool};

/// How many features are combined with each other. That what two do together needs a third to go
/// wrong has not been seen; all together are what the other commands build.
const DEPTH: &str = "2";

/// Without features, and with up to [`DEPTH`] of them, liveops compiles without a warning.
pub(super) fn check() -> Result<Verdict, Failure> {
    let mut command = Tool::HACK.command()?;
    command.args(["clippy", "--locked", "--package", "liveops", "--keep-going"]);
    // `default` stands for others, which are combined in its stead.
    command.args(["--feature-powerset", "--depth", DEPTH, "--exclude-features", "default"]);
    command.args(["--", "-D", "warnings"]);
    step("combinations of features", &mut command)?;
    Ok(Verdict::Passed)
}
