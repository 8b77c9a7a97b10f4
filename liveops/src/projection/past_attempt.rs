//! The attempts of an operation that are over, as pages and programs show them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{StageTiming, Tail};
use crate::{
    event::{Bar, LogLine, StageState},
    operation::{AttemptOutcome, FieldOrder},
};

/// An attempt that is over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PastAttempt {
    /// The position among the attempts that are over, from 1.
    pub number: u64,
    /// The worker that ran the attempt.
    pub worker: Option<String>,
    /// The time of the claim.
    pub started_on: DateTime<Utc>,
    /// The time of the end.
    pub ended_on: DateTime<Utc>,
    /// The end of the attempt.
    pub outcome: AttemptOutcome,
    /// The progress of the whole run at the end, from 0 to 100.
    pub percent: Option<f64>,
    /// The error message for the owner.
    pub error: Option<String>,
    /// The position of the bar at the end.
    pub bar: Option<Bar>,
}

/// An attempt that is over, with everything that was kept of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PastAttemptDetails {
    /// The attempt.
    pub attempt: PastAttempt,
    /// The stages, in order.
    pub stages: Vec<StageRecord>,
    /// The error details for staff.
    pub traceback: Option<String>,
    /// The newest lines of the log.
    pub log: Tail<Arc<LogLine>>,
    /// The output, with the order of its fields.
    pub result: Option<(Value, FieldOrder)>,
}

/// A stage of an attempt. Stages have their labels here: the type may have other stages when the attempt is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StageRecord {
    /// The label of the stage.
    pub stage: String,
    /// The state of the stage at the end of the attempt.
    pub state: StageState,
    /// The entry and exit times of the stage.
    #[serde(flatten)]
    pub timing: StageTiming,
}
