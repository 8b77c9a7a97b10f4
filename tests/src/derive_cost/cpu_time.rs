//! The CPU time of child processes.

use std::time::Duration;

/// Returns the CPU time, user and system, of all finished child processes and their descendants.
#[cfg(unix)]
pub(super) fn of_children() -> Result<Duration, String> {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike,
    };
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)
        .map_err(|error| format!("failed to ask for the CPU time: {error}"))?;
    let time = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(time.num_microseconds().unsigned_abs()))
}

#[cfg(not(unix))]
pub(super) fn of_children() -> Result<Duration, String> {
    Err("CPU time is measured on Unix only".to_owned())
}
