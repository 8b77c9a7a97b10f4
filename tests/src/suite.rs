//! `cargo xtask test`.

use std::{env, process::ExitStatus};

use crate::{
    Failure, interrupt::Interruptible, report::Report, scratch::Scratch, workspace::cargo,
};

const REQUIRE: &str = "LIVEOPS_TEST_REQUIRE";

/// The groups of tests that must run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// Groups whose requirements are on this machine.
    AvailableGroups,
    EveryGroup,
}

impl Requirement {
    pub(crate) fn from_environment() -> Self {
        if env::var(REQUIRE).is_ok_and(|value| value == "all") {
            Self::EveryGroup
        } else {
            Self::AvailableGroups
        }
    }
}

/// Runs `cargo test` with `arguments`, or for the whole workspace, together with the services of the tests.
pub(crate) fn run_suite(requirement: Requirement, arguments: &[&str]) -> Result<(), Failure> {
    run_with(requirement, arguments, &[])
}

/// Runs `cargo test` as [`run_suite`] does, with additional environment variables.
pub(crate) fn run_with(
    requirement: Requirement,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<(), Failure> {
    let interruptible = Interruptible::install()
        .map_err(|error| Failure::new(format!("failed to listen for Ctrl-C: {error}")))?;
    let report = Report::prepare();
    if requirement == Requirement::EveryGroup
        && let Some(missing) = report.missing()
    {
        return Err(Failure::new(format!("not every group can run on this machine\n{missing}")));
    }

    // Removes the files of interrupted tests.
    let temporary = Scratch::new("tests").map_err(Failure::new)?;
    let mut command = cargo();
    command.env("TMPDIR", temporary.path());
    command.arg("test").args(words_of_cargo_test(arguments));
    command.envs(report.variables()).envs(variables.iter().copied());
    if requirement == Requirement::EveryGroup {
        // A test whose service is missing then fails instead of passing.
        command.env(REQUIRE, "all");
    }
    let status = interruptible
        .run(&mut command)
        .map_err(|error| Failure::new(format!("failed to start cargo test: {error}")))?;
    eprint!("\n{report}");
    drop(report);
    conclude(status, interruptible.was_interrupted())
}

/// Returns the arguments of `cargo test`. With `--no-fail-fast`, all test programs run, and cargo lists those
/// that failed at the end.
fn words_of_cargo_test<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    const EVERY_PROGRAM: &str = "--no-fail-fast";
    let selected = if arguments.is_empty() { &["--workspace"] } else { arguments };
    let mut words = selected.to_vec();
    // Cargo refuses a repeated flag.
    if !words.contains(&EVERY_PROGRAM) {
        words.insert(0, EVERY_PROGRAM);
    }
    words
}

fn conclude(status: ExitStatus, interrupted: bool) -> Result<(), Failure> {
    if interrupted {
        return Err(Failure { message: "interrupted".into(), code: 130 });
    }
    if status.success() {
        return Ok(());
    }
    // The exit code of cargo; 101 for a failed test.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure { message: "the tests did not pass".into(), code })
}

#[cfg(test)]
mod tests {
    use super::words_of_cargo_test;

    #[test]
    fn every_test_program_runs_also_after_one_that_failed() {
        assert_eq!(words_of_cargo_test(&[]), ["--no-fail-fast", "--workspace"]);
        let one = ["-p", "liveops-tests", "cancel", "--", "--nocapture"];
        let words = ["--no-fail-fast", "-p", "liveops-tests", "cancel", "--", "--nocapture"];
        assert_eq!(words_of_cargo_test(&one), words);
        let given = ["--workspace", "--no-fail-fast"];
        assert_eq!(words_of_cargo_test(&given), given);
    }
}
