//! One attempt at one operation: execution, supervision, ending and, if allowed, the next attempt.

pub(super) mod active_runs;
pub(super) mod database_backoff;
pub(super) mod eager;
mod ending;
pub(super) mod execution;
#[cfg(feature = "cli")]
pub(super) mod foreground;
mod next_attempt;
pub(super) mod outcome;
mod poll_clock;
mod run_threads;
pub(super) mod running_attempt;
mod supervisor;
