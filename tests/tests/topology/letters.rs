//! An operation in two versions of the demo. The later one has another field and another stage.

use std::{env, time::Duration};

use demo::AppState;
use liveops::{
    EarlierInput, LiveOperation, NoState, Policy, Progress, Run, RunResult, runner::Builder,
};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

/// The version of the demo that a process is: `1` or `2`.
pub(crate) const VERSION: &str = "LIVEOPS_TEST_LETTERS";

pub(crate) const OP_TYPE: &str = Letter::OP_TYPE;

/// The stamp of a letter whose version had none.
pub(crate) const NO_STAMP: &str = "none";

/// A letter in the second version.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Write", "Seal", "Send")]
#[liveop(app = "test", version = 2, before = LetterV1, on_shutdown = "requeue", public)]
pub(crate) struct Letter {
    text: String,
    hold_ms: u64,
    stamp: String,
}

/// A letter in the first version: there, the operation; in the second one, the earlier input.
#[derive(EarlierInput, Serialize, Deserialize)]
#[liveop(version = 1)]
pub(crate) struct LetterV1 {
    text: String,
    hold_ms: u64,
}

impl From<LetterV1> for Letter {
    fn from(LetterV1 { text, hold_ms }: LetterV1) -> Self {
        Self { text, hold_ms, stamp: NO_STAMP.to_owned() }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Sent {
    text: String,
    stamp: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SentV1 {
    text: String,
}

impl Run for Letter {
    type Output = Sent;

    async fn run(&self, p: Progress<Self>) -> RunResult<Sent> {
        for stage in [LetterStage::Write, LetterStage::Seal, LetterStage::Send] {
            p.stage(stage, hold(self.hold_ms)).await?;
        }
        Ok(Sent { text: self.text.clone(), stamp: self.stamp.clone() })
    }
}

/// Only for its stages: a crate has one derive for an op type.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Write", "Send")]
#[liveop(app = "test")]
#[expect(dead_code, reason = "only its stages are used")]
pub(crate) struct Postcard {}

impl LiveOperation for LetterV1 {
    type Stage = PostcardStage;
    type State = NoState;
    const NAMES: liveops::__private::Names = Letter::NAMES;
    const POLICY: Policy = Policy { version: 1, ..Letter::POLICY };
    const IS_PUBLIC: bool = true;
}

impl liveops::__private::OptionalForm for LetterV1 {}

impl Run for LetterV1 {
    type Output = SentV1;

    async fn run(&self, p: Progress<Self>) -> RunResult<SentV1> {
        for stage in [PostcardStage::Write, PostcardStage::Send] {
            p.stage(stage, hold(self.hold_ms)).await?;
        }
        Ok(SentV1 { text: self.text.clone() })
    }
}

async fn hold(ms: u64) -> RunResult<()> {
    sleep(Duration::from_millis(ms)).await;
    Ok(())
}

/// Registers the operations of the demo, and letters in the version that the environment names.
pub(crate) fn register(builder: Builder<AppState>) -> Builder<AppState> {
    let builder = demo::operations::register(builder);
    match env::var(VERSION).as_deref() {
        Ok("1") => builder.register::<LetterV1>(),
        Ok("2") => builder.register::<Letter>(),
        _ => builder,
    }
}
