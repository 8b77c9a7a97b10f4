//! The conversion of a row back into the projection of its run.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

use super::{Model, stage_timings};
use crate::{
    event::{Bar, Ending, Level, Measure, StageState, Status},
    operation::{FieldOrder, OperationKind, OperationState},
    projection::{Attempts, Projection, StageTiming, TAIL_BYTES_MAX, TAIL_LEN_MAX, Tail},
};

impl Model {
    /// Returns the projection saved in the row.
    ///
    /// While the operation runs, the row is slightly behind the run. After the end, the row holds the
    /// complete projection, except for custom regions, the log and the next operation of a chain, which have rows
    /// of their own.
    pub(crate) fn projection(&self, kind: &OperationKind) -> Projection {
        let state = self.state();
        let mut stages: Vec<StageState> =
            read(self, "stage_states", &self.stage_states).unwrap_or_default();
        // An unregistered type has stages that this process does not know.
        let stage_count = if kind.is_unregistered() { stages.len() } else { kind.stages.len() };
        stages.resize(stage_count, StageState::Pending);
        let mut stage_timings = stage_timings::of(self);
        stage_timings.resize(stage_count, StageTiming::default());
        let mut projection = Projection {
            state,
            attempts: self.attempts(),
            awaits: self.awaits(kind).filter(|_| state == OperationState::NotStarted),
            cancel_requested: self.cancel_requested,
            status: self.status(),
            bar: None,
            stages,
            stage_timings,
            log: Tail::new(TAIL_LEN_MAX, TAIL_BYTES_MAX),
            custom: BTreeMap::new(),
            ending: self.ending(state),
            output_order: FieldOrder::from_column(self.result_order.as_ref()),
            success_url: self.success_url.as_deref().map(Arc::from),
            next: None,
        };
        projection.bar = self.bar(&projection, kind);
        projection
    }

    /// Returns the labels of the stages that the row holds, in order. The version of the application that ran the newest
    /// attempt may have had other stages than this one. Empty if no stage was recorded.
    pub(crate) fn stage_labels(&self) -> Vec<String> {
        stage_timings::labels(self)
    }

    /// Returns the number of the newest attempt within the budget, the budget, the number of hand-backs, and
    /// the start time of a waiting attempt.
    pub(crate) fn attempts(&self) -> Attempts {
        let count = |number: i32| u32::try_from(number).unwrap_or(0);
        let is_waiting = self.state() == OperationState::NotStarted;
        Attempts {
            number: count(self.attempt.saturating_sub(self.attempts_before)),
            max: count(self.max_attempts),
            hand_backs: count(self.hand_backs),
            starts_on: self.run_after.filter(|_| is_waiting),
        }
    }

    /// Returns the projection of an attempt that begins.
    pub(crate) fn begun(&self, kind: &OperationKind) -> Projection {
        Projection { attempts: self.attempts(), ..Projection::new(kind.stages.len()) }
    }

    fn status(&self) -> Option<Status> {
        let level = [Level::Warning, Level::Error]
            .into_iter()
            .find(|level| level.as_str() == self.status_level)
            .unwrap_or_default();
        // While the operation waits for another attempt, the status is the error of the previous attempt.
        let (level, text) = match &self.error_message {
            Some(message) if self.state() == OperationState::NotStarted => {
                (Level::Warning, message.as_str())
            }
            _ => (level, self.status_text.as_str()),
        };
        (!text.is_empty()).then(|| Status { level, text: text.into() })
    }

    /// Returns the bar with which the whole run has the percentage of the row.
    fn bar(&self, run: &Projection, kind: &OperationKind) -> Option<Bar> {
        let percent = self.percent.filter(|_| run.state == OperationState::Started)?;
        let measure = Measure::Percent(run.bar_at(percent, kind.stage_weights)? * 100.0);
        Some(Bar { measure, label: None, unit: None, elapsed: std::time::Duration::ZERO })
    }

    fn ending(&self, state: OperationState) -> Option<Ending> {
        match state {
            OperationState::NotStarted | OperationState::Started => None,
            OperationState::FinishedOk => {
                let output = self.result_context.clone().unwrap_or_default();
                Some(Ending::Finished(Arc::new(output)))
            }
            OperationState::FinishedError => {
                Some(Ending::Failed(self.error_message.as_deref().unwrap_or_default().into()))
            }
            OperationState::Cancelled => Some(Ending::Cancelled),
        }
    }
}

/// Deserializes a column. A column that another version wrote in a different format reads as empty, so that
/// the rest of the row stays readable.
pub(super) fn read<T: for<'de> Deserialize<'de>>(
    row: &Model,
    column: &str,
    json: &serde_json::Value,
) -> Option<T> {
    T::deserialize(json)
        .inspect_err(|error| {
            let id = row.operation_id();
            tracing::warn!(%id, column, %error, "could not parse a column; reading it as empty");
        })
        .ok()
}
