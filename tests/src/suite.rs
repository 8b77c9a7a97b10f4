use std::{env, process::ExitStatus};

use crate::{
    Failure, interrupt::Interruptible, report::Report, scratch::Scratch, workspace::cargo,
};

const REQUIRE: &str = "LIVEOPS_TEST_REQUIRE";

/// Whether a group may be left out because this machine lacks what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requirement {
    WhatIsThere,
    EveryGroup,
}

impl Requirement {
    pub(crate) fn from_environment() -> Self {
        if env::var(REQUIRE).is_ok_and(|value| value == "all") {
            Self::EveryGroup
        } else {
            Self::WhatIsThere
        }
    }
}

/// Runs `cargo test`, with `arguments` or for the whole workspace, beside the services it needs.
pub(crate) fn run_suite(requirement: Requirement, arguments: &[&str]) -> Result<(), Failure> {
    run_with(requirement, arguments, &[])
}

/// The same with something more in the environment.
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

    // Whatever a test leaves behind when it is interrupted goes with this folder.
    let temporary = Scratch::new("tests").map_err(Failure::new)?;
    let mut command = cargo();
    command.env("TMPDIR", temporary.path());
    command.arg("test").args(words_of_cargo_test(arguments));
    command.envs(report.variables()).envs(variables.iter().copied());
    if requirement == Requirement::EveryGroup {
        // The tests themselves then fail rather than step aside.
        command.env(REQUIRE, "all");
    }
    let status = interruptible
        .run(&mut command)
        .map_err(|error| Failure::new(format!("failed to start cargo test: {error}")))?;
    eprint!("\n{report}");
    drop(report);
    conclude(status, interruptible.was_interrupted())
}

/// One test program that fails does not keep the others from running: cargo lists those that failed
/// when all have run.
fn words_of_cargo_test<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    const EVERY_PROGRAM: &str = "--no-fail-fast";
    let selected = if arguments.is_empty() { &["--workspace"] } else { arguments };
    let mut words = selected.to_vec();
    // Cargo refuses to be told twice.
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
    // 101 is what cargo gives for a failed test, and what its users look for.
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
        let told = ["--workspace", "--no-fail-fast"];
        assert_eq!(words_of_cargo_test(&told), told);
    }
}
