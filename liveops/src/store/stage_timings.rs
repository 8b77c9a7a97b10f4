//! The column that says when the stages of a run were entered and left.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Model, restore::read};
use crate::{
    operation::Attempt,
    projection::{Projection, StageTiming},
};

/// The timings of one attempt. It is named, because a process of an earlier version that runs the next
/// one leaves the column as it is.
#[derive(Debug, Serialize, Deserialize)]
struct OfAttempt {
    attempt: u32,
    stages: Vec<StageTiming>,
}

/// What the column holds; nothing for what has no stages.
pub(super) fn column(attempt: Attempt, projection: &Projection) -> Option<Value> {
    let stages = projection.stage_timings.clone();
    (!stages.is_empty()).then(|| json!(OfAttempt { attempt: attempt.0, stages }))
}

/// The timings of the newest attempt at the operation of `row`; none where nobody noted them.
pub(super) fn of(row: &Model) -> Vec<StageTiming> {
    let column = row.stage_timings.as_ref().and_then(read::<OfAttempt>);
    let newest = column.filter(|column| column.attempt == row.attempt_number().0);
    newest.map(|column| column.stages).unwrap_or_default()
}
