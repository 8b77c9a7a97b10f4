//! An operation that blocks its thread.

use std::{thread, time::Duration};

use liveops::{LiveOperation, Progress, Run, RunResult, form::FormField};
use serde::{Deserialize, Serialize};

use super::Bounded;

/// Blocks its thread, without an `.await`, and shows that pages and other operations continue.
///
/// An operation of your own moves such code to `p.spawn_blocking`.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", title = "Blocking task", form)]
pub struct BlockingTask {
    /// Seconds
    #[serde(default)]
    pub seconds: Bounded<0, 3_600, 10>,
    /// Mode
    #[serde(default)]
    pub mode: BlockingMode,
}

/// The way in which a [`BlockingTask`] blocks its thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FormField, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockingMode {
    /// Sleeps once. Nothing can stop the task meanwhile.
    #[default]
    Sleep,
    /// Loops over `p.track`, which checks for a cancellation in each step.
    Loop,
}

/// The duration of a step of the loop.
const STEP: Duration = Duration::from_millis(10);

impl Run for BlockingTask {
    type Output = u64;

    async fn run(&self, p: Progress<Self>) -> RunResult<u64> {
        let seconds = self.seconds.value();
        p.log(format!("Blocks its thread for {seconds} s"));
        match self.mode {
            BlockingMode::Sleep => thread::sleep(Duration::from_secs(seconds)),
            BlockingMode::Loop => {
                for step in p.track(0..seconds * 100).unit("steps") {
                    step?;
                    thread::sleep(STEP);
                }
            }
        }
        p.log("Has ended");
        Ok(seconds)
    }
}
