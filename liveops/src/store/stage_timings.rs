//! The column with the labels of the stages of an attempt, and the times at which they were entered and left.
//!
//! Both are not part of `stage_states`, because a process of an earlier version reads that column as a
//! list of words and leaves unknown columns unchanged. Values of another attempt than the row's are
//! therefore those of an earlier run, and are ignored. Both columns are written by one update.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Model, restore::read};
use crate::{
    operation::{Attempt, OperationKind},
    projection::{Projection, StageTiming},
};

/// The stages of one attempt. The attempt is stored too, because a process of an earlier version that runs
/// the next attempt leaves the column unchanged.
#[derive(Debug, Serialize, Deserialize)]
struct OfAttempt {
    attempt: u32,
    stages: Vec<StageTiming>,
    /// The labels of the stages in the version of the application that ran the attempt. Empty if that version did not
    /// record them.
    #[serde(default)]
    labels: Vec<String>,
}

/// Returns the value of the column; `None` for an operation without stages.
pub(super) fn column(
    attempt: Attempt,
    projection: &Projection,
    kind: &OperationKind,
) -> Option<Value> {
    let stages = projection.stage_timings.clone();
    let labels = kind.stages.iter().map(ToString::to_string).collect();
    (!stages.is_empty()).then(|| json!(OfAttempt { attempt: attempt.0, stages, labels }))
}

/// Returns the labels of the stages in `stage_states`, in order; empty if none were recorded.
pub(super) fn labels(row: &Model) -> Vec<String> {
    newest(row).map(|column| column.labels).unwrap_or_default()
}

/// Returns the stage timings of the newest attempt of `row`; empty if none were recorded.
pub(super) fn of(row: &Model) -> Vec<StageTiming> {
    newest(row).map(|column| column.stages).unwrap_or_default()
}

fn newest(row: &Model) -> Option<OfAttempt> {
    let column = row.stage_timings.as_ref();
    let column = column.and_then(|json| read::<OfAttempt>(row, "stage_timings", json));
    column.filter(|column| column.attempt == row.attempt_number().0)
}
