//! Two operations in a chain.

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

use super::{Bounded, ShortText, pause};

/// Finishes and chains to [`ChainEnd`]; the page continues with it without a reload.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("First half")]
#[liveop(app = "demo", title = "Chain: first half", describe = "{note}", form)]
pub struct ChainStart {
    /// Note to hand over.
    #[serde(default)]
    #[field(placeholder = "a note of your own")]
    pub note: ShortText,
    /// Milliseconds each half takes. Long enough to see it.
    #[serde(default)]
    pub pace_ms: Bounded<0, 60_000, 1_500>,
}

/// The second half of the chain, after [`ChainStart`].
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Second half")]
#[liveop(app = "demo", title = "Chain: second half", describe = "{note}", internal)]
pub struct ChainEnd {
    /// The note of the first half.
    pub note: ShortText,
    /// Duration in milliseconds.
    pub pace_ms: Bounded<0, 60_000, 1_500>,
}

/// Default note.
const NOTE: &str = "a note from the first half";

impl Run for ChainStart {
    type Output = String;

    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        let note = self.note.or(NOTE);
        p.stage(ChainStartStage::FirstHalf, async {
            p.log(format!("Handing over {note:?}"));
            pause(&p, self.pace_ms.value()).await
        })
        .await?;
        p.chain_to(ChainEnd { note: ShortText::try_from(note)?, pace_ms: self.pace_ms });
        Ok(format!("Handed over: {note}"))
    }
}

impl Run for ChainEnd {
    type Output = String;

    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        let note = self.note.or(NOTE);
        p.stage(ChainEndStage::SecondHalf, async {
            p.log(format!("Received {note:?}"));
            pause(&p, self.pace_ms.value()).await
        })
        .await?;
        Ok(format!("Received: {note}"))
    }
}
