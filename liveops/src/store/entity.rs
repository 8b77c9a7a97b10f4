//! The sea-orm entity of an operation, and the values derived from one row.

use std::time::Duration;

use sea_orm::entity::prelude::*;
use serde::de::DeserializeOwned;

use crate::operation::{
    Attempt, AwaitedVersion, Backoff, OperationId, OperationKind, OperationState, UserId,
};

/// The row of one operation. [`LiveOps::list`](crate::LiveOps::list) has an example.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "liveops_operation")]
pub struct Model {
    /// The ID of the operation, a UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The operation type, `app.name`.
    pub op_type: String,
    /// The ID of the owner.
    pub owner: String,
    /// The input of the operation, as JSON.
    pub input: Json,
    /// The line that tells the operation from others of its type. `NULL` for a type without a description, and for an
    /// operation of an earlier version.
    pub description: Option<String>,
    /// The version of the format of `input`.
    pub payload_version: i32,
    /// The owner's language; empty for the application's default.
    pub language: String,
    /// The time at which the operation was enqueued.
    pub created_on: DateTimeUtc,
    /// The start time of the newest attempt; `NULL` while the operation waits.
    pub started_on: Option<DateTimeUtc>,
    /// The end time; `NULL` before the end.
    pub finished_on: Option<DateTimeUtc>,
    /// `true` if the operation ended with an output.
    pub finished_successfully: bool,
    /// `true` if a user requested the cancellation of the operation.
    pub cancel_requested: bool,
    /// `true` if the operation ended because of a cancel request.
    pub cancelled: bool,
    /// The error details for staff.
    pub traceback: Option<String>,
    /// The error message for the owner.
    pub error_message: Option<String>,
    /// The output, as JSON.
    pub result_context: Option<Json>,
    /// The names of the fields in `result_context`, in the order of the output's type. `NULL` if the order is
    /// alphabetical, or for an operation of an earlier version.
    pub result_order: Option<Json>,
    /// The URL that the browser opens after success.
    pub success_url: Option<String>,
    /// The label of the active stage.
    pub current_stage: Option<String>,
    /// The state of every stage, in order.
    pub stage_states: Json,
    /// The times at which each stage was entered and left, and their attempt. A separate column, because
    /// processes of an earlier version overwrite `stage_states` in their own format. `NULL` if no timings
    /// were recorded.
    pub stage_timings: Option<Json>,
    /// The status line.
    pub status_text: String,
    /// The level of the status line.
    pub status_level: String,
    /// `true` if durable stages may have saved outputs.
    pub has_stage_outputs: bool,
    /// The progress from 0 to 100, if known.
    pub percent: Option<f64>,
    /// The number of lines logged so far, written when an attempt ends.
    pub log_seq: i64,
    /// The number of lines logged before the newest retry. The page of the operation shows the later ones.
    pub log_from: i64,
    /// The queue of the operation.
    pub queue: String,
    /// The priority; larger values run first.
    pub priority: i32,
    /// The earliest start time; `NULL` for immediately.
    pub run_after: Option<DateTimeUtc>,
    /// The time from which the newest attempt may start. The wait in the queue is measured from this time.
    pub due_on: DateTimeUtc,
    /// The number of the newest attempt, from 1. This number is the fencing token and only grows. While the
    /// operation waits, it is the number of the next attempt.
    pub attempt: i32,
    /// The number of attempts outside the budget: those before the newest retry, and those handed back
    /// since.
    pub attempts_before: i32,
    /// The attempt budget since the newest retry.
    pub max_attempts: i32,
    /// The number of times since the newest retry that the worker of a run stopped responding.
    pub rescues: i32,
    /// The number of times since the newest retry that a shutdown interrupted a run and put the operation
    /// back into the queue.
    pub hand_backs: i32,
    /// The wait before the second attempt, in milliseconds.
    pub backoff_first_ms: i64,
    /// The upper bound on the wait before an attempt, in milliseconds.
    pub backoff_longest_ms: i64,
    /// The maximum duration of an attempt, in milliseconds; `NULL` for no limit.
    pub timeout_ms: Option<i64>,
    /// The name of the current or last worker.
    pub worker: Option<String>,
    /// The end of the lease, by the clock of the worker. Other processes do not compare this time with
    /// their own clocks: they watch for changes of the value.
    pub lease_until: Option<DateTimeUtc>,
    /// The duration of the lease in milliseconds, by the configuration of the worker. Other processes
    /// judge the lease by this duration. `NULL` without a lease, and for a worker of an earlier version.
    pub lease_ms: Option<i64>,
    /// The unique key. No two unfinished operations may share a key.
    pub unique_key: Option<String>,
    /// The operation that handed over to this one, if this one was enqueued for a handover.
    pub chained_from: Option<Uuid>,
    /// The operation that this one handed over to: a new one, or an existing one with the same unique key.
    pub chained_to: Option<Uuid>,
}

/// The entity has no relations.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Returns the ID of the operation.
    pub fn operation_id(&self) -> OperationId {
        self.id.into()
    }

    /// Returns the ID of the owner.
    pub fn owner_id(&self) -> UserId {
        self.owner.as_str().into()
    }

    /// Returns the output of a finished operation: a [`Run::Output`](crate::Run::Output). Returns `None`
    /// for an unfinished, failed or cancelled operation.
    ///
    /// # Errors
    ///
    /// Returns an error if the output does not deserialize as `T`, because it belongs to another operation
    /// type or an earlier version.
    pub fn output<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        self.result_context.as_ref().map(T::deserialize).transpose()
    }

    /// Returns the number of the newest attempt.
    pub fn attempt_number(&self) -> Attempt {
        Attempt(u32::try_from(self.attempt).unwrap_or(0))
    }

    /// Returns the backoff between attempts.
    pub fn backoff(&self) -> Backoff {
        let duration = |ms: i64| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        Backoff {
            first: duration(self.backoff_first_ms),
            longest: duration(self.backoff_longest_ms),
        }
    }

    /// Returns the maximum duration of an attempt; `None` for no limit.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout_ms.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
    }

    /// Returns the version of the application that can read the input; `None` for this one, whose type is `kind`.
    pub(crate) fn awaits(&self, kind: &OperationKind) -> Option<AwaitedVersion> {
        kind.versions.awaited_for(u32::try_from(self.payload_version).unwrap_or(0))
    }

    /// Returns the state of the operation. The state is computed from other columns, so it cannot
    /// contradict them.
    pub fn state(&self) -> OperationState {
        state_of(self.started_on, self.finished_on, self.cancelled, self.finished_successfully)
    }
}

/// Computes the state of an operation from the columns of its row.
pub(super) fn state_of(
    started_on: Option<DateTimeUtc>,
    finished_on: Option<DateTimeUtc>,
    cancelled: bool,
    finished_successfully: bool,
) -> OperationState {
    match (started_on, finished_on) {
        (_, Some(_)) if cancelled => OperationState::Cancelled,
        (_, Some(_)) if finished_successfully => OperationState::FinishedOk,
        (_, Some(_)) => OperationState::FinishedError,
        (Some(_), None) => OperationState::Started,
        (None, None) => OperationState::NotStarted,
    }
}
