//! An operation with durable stages, which counts their executions.

use liveops::{LiveOperation, Progress, Run, RunResult, Stage};
use serde::{Deserialize, Serialize};

use super::{Bounded, pause};
use crate::AppState;

/// Runs three durable stages, each of them once in all attempts, and counts the executions of each stage.
///
/// Kill the process during a stage: the next worker continues with this stage, and the result shows 1 for all
/// stages.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Fetch", "Convert", "Publish")]
#[liveop(
    app = "demo",
    title = "Durable task",
    state = AppState,
    max_attempts = 5,
    backoff = "1 s..8 s",
    form
)]
pub struct DurableTask {
    /// Seconds each stage takes.
    #[serde(default)]
    pub seconds: Bounded<0, 600, 3>,
    /// Stage that fails in the first attempt. Counted from 1; 0 for none.
    #[serde(default)]
    pub fail_at: Bounded<0, 3, 0>,
}

/// The output: the number of executions of each stage in all attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executed {
    /// The first stage.
    pub fetch: u64,
    /// The second stage.
    pub convert: u64,
    /// The third stage.
    pub publish: u64,
}

impl Run for DurableTask {
    type Output = Executed;

    async fn run(&self, p: Progress<Self>) -> RunResult<Executed> {
        use DurableTaskStage::{Convert, Fetch, Publish};

        p.log(format!("Attempt {}", p.attempt()));
        let temperatures = p
            .stage_once(Fetch, async {
                self.work(&p, Fetch).await?;
                Ok(vec![12.5, 19.0, 23.5])
            })
            .await?;
        let in_fahrenheit = p
            .stage_once(Convert, async {
                self.work(&p, Convert).await?;
                Ok(temperatures.iter().map(|celsius| celsius * 1.8 + 32.0).collect::<Vec<f64>>())
            })
            .await?;
        p.stage_once(Publish, async {
            self.work(&p, Publish).await?;
            p.log(format!("Published {in_fahrenheit:?}"));
            Ok(())
        })
        .await?;
        executed(&p).await
    }
}

impl DurableTask {
    /// Waits, and then counts the stage.
    async fn work(&self, p: &Progress<Self>, stage: DurableTaskStage) -> RunResult<()> {
        p.log(format!("{stage} begins"));
        for second in p.track(0..self.seconds.value()).unit("seconds") {
            second?;
            pause(p, 1_000).await?;
        }
        let number = stage.index() as u64 + 1;
        if self.fail_at.value() == number && p.attempt().0 == 1 {
            return Err(format!("{stage} failed, as its input requests").into());
        }
        Ok(p.state().executions.count(p.id(), stage.name()).await?)
    }
}

async fn executed(p: &Progress<DurableTask>) -> RunResult<Executed> {
    let executions = p.state().executions.of(p.id()).await?;
    let of = |stage: DurableTaskStage| executions.get(stage.name()).copied().unwrap_or(0);
    Ok(Executed {
        fetch: of(DurableTaskStage::Fetch),
        convert: of(DurableTaskStage::Convert),
        publish: of(DurableTaskStage::Publish),
    })
}
