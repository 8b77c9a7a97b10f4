//! The column with the times at which the stages of an attempt were entered and left.
//!
//! The timings are not part of `stage_states`, because a process of an earlier version reads that column as a
//! list of words and leaves unknown columns unchanged. Timings of another attempt than the row's are
//! therefore those of an earlier run, and are ignored. Both columns are written by one update.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Model, restore::read};
use crate::{
    operation::Attempt,
    projection::{Projection, StageTiming},
};

/// The timings of one attempt. The attempt is stored too, because a process of an earlier version that runs
/// the next attempt leaves the column unchanged.
#[derive(Debug, Serialize, Deserialize)]
struct OfAttempt {
    attempt: u32,
    stages: Vec<StageTiming>,
}

/// Returns the value of the column; `None` for an operation without stages.
pub(super) fn column(attempt: Attempt, projection: &Projection) -> Option<Value> {
    let stages = projection.stage_timings.clone();
    (!stages.is_empty()).then(|| json!(OfAttempt { attempt: attempt.0, stages }))
}

/// Returns the stage timings of the newest attempt of `row`; empty if none were recorded.
pub(super) fn of(row: &Model) -> Vec<StageTiming> {
    let column =
        row.stage_timings.as_ref().and_then(|json| read::<OfAttempt>(row, "stage_timings", json));
    let newest = column.filter(|column| column.attempt == row.attempt_number().0);
    newest.map(|column| column.stages).unwrap_or_default()
}
