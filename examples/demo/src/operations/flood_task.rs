//! An operation that reports as fast as possible, to show that updates are merged.

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

use super::Bounded;

/// Reports as fast as possible: shows that a page keeps up, and that updates that no page shows cost nothing.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", title = "Flood task", form)]
pub struct FloodTask {
    /// Ticks. How often it sets its status and moves its bar.
    #[serde(default)]
    pub ticks: Bounded<0, 100_000_000, 200_000>,
    /// Log lines. Spread over the ticks.
    #[serde(default)]
    pub lines: Bounded<0, 1_000_000, 2_000>,
}

/// The output: what was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flooded {
    /// Number of statuses.
    pub ticks: u64,
    /// Number of logged lines.
    pub lines: u64,
}

/// Number of ticks before the task yields to other tasks of the thread: few enough that pages are answered at
/// once, many enough to cost nothing.
const TICKS_PER_TURN: u64 = 1_000;

impl Run for FloodTask {
    type Output = Flooded;

    async fn run(&self, p: Progress<Self>) -> RunResult<Flooded> {
        let (ticks, lines) = (self.ticks.value(), self.lines.value());
        let mut logged = 0;
        for tick in p.track(0..ticks).label("Flooding").unit("ticks") {
            let tick = tick?;
            p.status(format!("Tick {}", tick + 1));
            let due = u128::from(lines) * u128::from(tick + 1) / u128::from(ticks);
            while u128::from(logged) < due {
                logged += 1;
                p.log(format!("Line {logged}"));
            }
            if tick % TICKS_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        // Without ticks the loop above has logged no lines.
        for line in logged..lines {
            p.log(format!("Line {}", line + 1));
            if line % TICKS_PER_TURN == 0 {
                p.check_cancelled()?;
                tokio::task::yield_now().await;
            }
        }
        Ok(Flooded { ticks, lines })
    }
}
