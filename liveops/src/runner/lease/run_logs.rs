//! The logs of the runs of this process: their lines go into the database with the heartbeat.
//!
//! The leases are renewed first, and the log has a deadline and a connection of its own. So a slow or locked table costs
//! no lease: the lines stay in memory until the next heartbeat.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    projection::LogSize,
    runner::attempt::active_runs::{ActiveRuns, LoggingRuns},
    store::{OwnConnection, Store, StoreError, log_statements},
};

/// Appends the lines of `runs` to their logs, and shortens the logs above `limits`, within `time`. Lines for which no time
/// is left stay in memory.
///
/// # Errors
///
/// Returns an error if the database fails. The lines without an answer stay in memory.
pub(super) async fn append(
    active_runs: &ActiveRuns,
    runs: LoggingRuns,
    limits: LogSize,
    connection: &OwnConnection,
    time: Duration,
) -> Result<(), StoreError> {
    let until = Instant::now() + time;
    // A statement with little time would only cost the connection.
    let rest = || {
        let rest = until.saturating_duration_since(Instant::now());
        (rest >= time / 4).then_some(rest)
    };
    let chunks = active_runs.unwritten_logs(runs);
    for chunks in log_statements(&chunks) {
        let Some(rest) = rest() else { return Ok(()) };
        let append = |store: Store| async move { store.append_log(chunks).await };
        let written = connection.run_within(rest, "append to the logs of runs", append).await?;
        active_runs.log_written(chunks, &written);
    }
    for id in active_runs.logs_above_limits() {
        let Some(rest) = rest() else { return Ok(()) };
        let shorten = |store: Store| async move { store.shorten_log(id, limits).await };
        let deleted =
            connection.run_within(rest, "shorten the log of an operation", shorten).await?;
        active_runs.log_shortened(id, deleted);
    }
    Ok(())
}
