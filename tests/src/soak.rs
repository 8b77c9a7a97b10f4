//! `cargo xtask soak`: hostile and ordinary users at one server, for a long time.

use crate::{
    Failure,
    suite::{Requirement, run_with},
};

/// The number of minutes without `--minutes`.
const MINUTES: u64 = 10;

/// Runs the soak test.
pub(crate) fn run(words: &[&str]) -> Result<(), Failure> {
    let minutes = match words {
        [] => Some(MINUTES),
        ["--minutes", minutes] => minutes.parse().ok(),
        _ => None,
    };
    let Some(minutes) = minutes.filter(|minutes| (1..=10_000).contains(minutes)) else {
        let found = words.join(" ");
        let message = format!("expected `--minutes <number from 1 to 10000>`, found `{found}`");
        return Err(Failure { message, code: 2 });
    };
    let seconds = (minutes * 60).to_string();
    let test = "soak::ordinary_users_are_served_beside_hostile_ones_and_nothing_is_left_behind";
    let arguments =
        ["-p", "liveops-tests", "--test", "suite", "--", "--exact", test, "--nocapture"];
    run_with(Requirement::from_environment(), &arguments, &[("LIVEOPS_SOAK_SECONDS", &seconds)])
}
