//! Combinations of features, with cargo-hack.

use super::verdict::Verdict;
use crate::{Failure, step::step, tool::Tool, workspace::cargo};

/// Checks that liveops compiles without a warning without features and with each feature alone, and that its
/// texts and pages are in English with `sqlite` alone.
pub(super) fn check() -> Result<Verdict, Failure> {
    check_combinations("1")?;
    let mut command = cargo();
    command.args(["test", "--locked", "--package", "liveops", "--lib"]);
    command.args(["--no-default-features", "--features", "sqlite"]);
    command.args(["--", "form", "language", "render"]);
    step("texts and pages without default features", &mut command)?;
    Ok(Verdict::Passed)
}

/// Checks each pair of features. No failure is known that needs three features; all other commands build
/// with all features.
pub(super) fn check_pairs() -> Result<Verdict, Failure> {
    check_combinations("2")
}

fn check_combinations(depth: &str) -> Result<Verdict, Failure> {
    let mut command = Tool::HACK.command()?;
    command.args(["clippy", "--locked", "--package", "liveops", "--keep-going"]);
    // `default` only stands for other features, which are combined themselves.
    command.args(["--feature-powerset", "--depth", depth, "--exclude-features", "default"]);
    command.args(["--", "-D", "warnings"]);
    step("combinations of features", &mut command)?;
    Ok(Verdict::Passed)
}
