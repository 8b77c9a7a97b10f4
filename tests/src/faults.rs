//! `cargo xtask faults`: long runs of the fault tests.

use crate::{
    Failure,
    suite::{Requirement, run_with},
};

/// The number of operations of each test without `--runs`.
const RUNS: &str = "2000";

/// Runs the tests that kill, suspend and disconnect workers, for longer than in CI.
pub(crate) fn run(words: &[&str]) -> Result<(), Failure> {
    let mut variables = vec![("LIVEOPS_FAULTS_RUNS", RUNS)];
    for option in words.chunks(2) {
        match option {
            ["--runs", runs] => variables.push(("LIVEOPS_FAULTS_RUNS", runs)),
            ["--seed", seed] => variables.push(("LIVEOPS_FAULTS_SEED", seed)),
            _ => {
                let found = option.join(" ");
                let expected = "expected `--runs <number>` or `--seed <number>`";
                return Err(Failure { message: format!("{expected}, found `{found}`"), code: 2 });
            }
        }
    }
    let arguments = ["-p", "liveops-tests", "--test", "faults"];
    run_with(Requirement::from_environment(), &arguments, &variables)
}
