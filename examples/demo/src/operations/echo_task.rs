use std::time::{Duration, SystemTime, UNIX_EPOCH};

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};
use tokio::time;

use super::{Bounded, ShortText};

/// Sends its status at a fixed rate, each with the moment it was sent: whoever receives it can
/// tell how long it was under way.
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

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echoed {
    /// How many statuses.
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

/// A clock that was set to before 1970 reads as 1970.
fn unix_nanoseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}
