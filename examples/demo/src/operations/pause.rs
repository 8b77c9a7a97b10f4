//! A pause in place of real work.

use std::time::Duration;

use liveops::{LiveOperation, Progress, RunResult};
use tokio::time;

/// Sleeps in place of real work; cancellation ends the sleep at once.
pub(super) async fn pause<Op: LiveOperation>(p: &Progress<Op>, ms: u64) -> RunResult<()> {
    tokio::select! {
        () = time::sleep(Duration::from_millis(ms)) => {}
        () = p.cancelled() => {}
    }
    Ok(p.check_cancelled()?)
}
