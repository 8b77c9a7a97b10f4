use super::verdict::Verdict;
use crate::{Failure, step::step, tool::Tool, workspace::cargo};

/// Without features, and with each of them by itself, liveops compiles without a warning; and with a
/// database alone, its texts and pages are in English.
pub(super) fn check() -> Result<Verdict, Failure> {
    check_combinations("1")?;
    let mut command = cargo();
    command.args(["test", "--locked", "--package", "liveops", "--lib"]);
    command.args(["--no-default-features", "--features", "sqlite"]);
    command.args(["--", "form", "language", "render"]);
    step("texts and pages without default features", &mut command)?;
    Ok(Verdict::Passed)
}

/// The same with each two of them. That what two do together needs a third to go wrong has not been
/// seen; all together are what the other commands build.
pub(super) fn check_pairs() -> Result<Verdict, Failure> {
    check_combinations("2")
}

fn check_combinations(depth: &str) -> Result<Verdict, Failure> {
    let mut command = Tool::HACK.command()?;
    command.args(["clippy", "--locked", "--package", "liveops", "--keep-going"]);
    // `default` stands for others, which are combined in its stead.
    command.args(["--feature-powerset", "--depth", depth, "--exclude-features", "default"]);
    command.args(["--", "-D", "warnings"]);
    step("combinations of features", &mut command)?;
    Ok(Verdict::Passed)
}
