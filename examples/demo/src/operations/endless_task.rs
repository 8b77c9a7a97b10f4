//! An operation that runs until it is cancelled.

use std::time::Duration;

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};
use tokio::time;

/// Runs until a user cancels it.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", title = "Endless task", form)]
pub struct EndlessTask {}

impl Run for EndlessTask {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let mut second = time::interval(Duration::from_secs(1));
        let mut seconds = 0;
        loop {
            // Without the first branch, the loop would notice a cancellation only at the next tick.
            tokio::select! {
                biased;
                () = p.cancelled() => p.log("Asked to stop"),
                _ = second.tick() => {
                    p.status(format!("Running for {seconds} s"));
                    seconds += 1;
                }
            }
            p.check_cancelled()?;
        }
    }
}
