//! An operation with a hook after its end.

use liveops::{
    LiveOperation, Progress, Run, RunError, RunResult,
    runner::{Ended, OnEnd},
};
use serde::{Deserialize, Serialize};

use super::{Bounded, pause};
use crate::endings::Endings;

/// Ends in the way that you choose, and adds a row to the table `ended` after its end, also if you cancel it.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", title = "Task with a hook", form)]
pub struct HookTask {
    /// Seconds
    #[serde(default)]
    pub seconds: Bounded<0, 600, 3>,
    /// Fail at the end
    #[serde(default)]
    pub fail: bool,
}

impl Run for HookTask {
    type Output = u64;

    async fn run(&self, p: Progress<Self>) -> RunResult<u64> {
        for second in p.track(0..self.seconds.value()).unit("seconds") {
            second?;
            pause(&p, 1_000).await?;
        }
        if self.fail {
            return Err(RunError::user("The task failed, as its input requests."));
        }
        Ok(self.seconds.value())
    }
}

/// Returns the hook. A call that is repeated, for example after a crash, adds another row with the same key.
pub fn add_to(endings: Endings) -> impl OnEnd<HookTask> {
    move |ended: Ended<HookTask>| {
        let endings = endings.clone();
        async move { Ok(endings.add(ended.id, ended.key.clone(), ended.state()).await?) }
    }
}
