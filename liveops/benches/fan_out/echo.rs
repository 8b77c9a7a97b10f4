use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

use crate::beat::Conductor;

/// Says the time at every beat, as the demo's echo task does.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "bench", title = "Echo", state = Conductor)]
pub(crate) struct Echo {
    pub(crate) hz: u32,
    /// How many lines it logs before it begins.
    pub(crate) log_lines: usize,
}

impl Run for Echo {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        for line in 1..=self.log_lines {
            p.log(format!("line {line} of {}, as long as lines often are", self.log_lines));
        }
        let mut beat = p.state().beat(self.hz);
        while let Some(stamp) = beat.next().await {
            p.status(format!("{stamp} echo"));
        }
        Ok(())
    }
}
