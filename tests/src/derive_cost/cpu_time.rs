use std::time::Duration;

/// The CPU time, user and system, of every program that this one has started and waited for, with
/// those that they started in turn.
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
