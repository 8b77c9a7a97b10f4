//! An operation that sends its status at a fixed rate, to measure latency.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};
use tokio::time;

use super::{Bounded, ShortText};

/// Sends its status at a fixed rate, each with its time of sending, so that a receiver can measure the
/// latency.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", title = "Echo task", form)]
pub struct EchoTask {
    /// Status. What it says beside the time.
    #[serde(default)]
    #[field(placeholder = "echo")]
    pub status: ShortText,
    /// Times a second.
    #[serde(default)]
    pub hz: Bounded<1, 1_000, 10>,
    /// Seconds.
    #[serde(default)]
    pub seconds: Bounded<1, 3_600, 10>,
}

/// The output: what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echoed {
    /// Number of statuses.
    pub sent: u64,
}

impl Run for EchoTask {
    type Output = Echoed;

    async fn run(&self, p: Progress<Self>) -> RunResult<Echoed> {
        let text = self.status.or("echo");
        let total = self.hz.value() * self.seconds.value();
        let mut beat = time::interval(Duration::from_secs(1) / self.hz.value() as u32);
        for _ in p.track(0..total).unit("statuses") {
            p.check_cancelled()?;
            tokio::select! {
                _ = beat.tick() => p.status(format!("t={} {text}", unix_nanoseconds())),
                () = p.cancelled() => {}
            }
        }
        Ok(Echoed { sent: total })
    }
}

/// Returns the time since 1970; a clock before 1970 gives zero.
fn unix_nanoseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}
