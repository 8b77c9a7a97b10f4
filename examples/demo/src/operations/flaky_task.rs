//! An operation whose first attempts fail.

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

use super::Bounded;

/// Fails a few times and then succeeds, like a service that is unavailable for a moment.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", title = "Flaky task", max_attempts = 5, backoff = "1 s..8 s", form)]
pub struct FlakyTask {
    /// Attempts that fail. The first so many, of five.
    #[serde(default)]
    pub failures: Bounded<0, 1_000, 2>,
}

impl Run for FlakyTask {
    type Output = String;

    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        let attempt = p.attempt();
        p.log(format!("Attempt {attempt}"));
        if u64::from(attempt.0) <= self.failures.value() {
            return Err(format!("attempt {attempt} failed, as its input requests").into());
        }
        Ok(format!("Attempt {attempt} went well."))
    }
}
