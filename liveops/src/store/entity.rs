//! The sea-orm entity of an operation.

use std::time::Duration;

use sea_orm::entity::prelude::*;
use serde::de::DeserializeOwned;

use crate::operation::{Attempt, Backoff, OperationId, OperationState, UserId};

/// The row of one operation.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "liveops_operation")]
pub struct Model {
    /// The operation's id, a UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `app.name` of its type.
    pub op_type: String,
    /// Whose it is.
    pub owner: String,
    /// The operation itself, as JSON.
    pub input: Json,
    /// The form of `input`, for types that change.
    pub payload_version: i32,
    /// The language its owner reads; empty for the application's default.
    pub language: String,
    /// When it was enqueued.
    pub created_on: DateTimeUtc,
    /// When the newest attempt started; `NULL` while it waits.
    pub started_on: Option<DateTimeUtc>,
    /// When it ended; `NULL` until it has.
    pub finished_on: Option<DateTimeUtc>,
    /// Whether it ended with an output.
    pub finished_successfully: bool,
    /// Whether somebody asked for it to be cancelled.
    pub cancel_requested: bool,
    /// Whether it ended because of that.
    pub cancelled: bool,
    /// What went wrong, for staff.
    pub traceback: Option<String>,
    /// What went wrong, for the owner.
    pub error_message: Option<String>,
    /// The output, as JSON.
    pub result_context: Option<Json>,
    /// Where the browser goes when it has finished.
    pub success_url: Option<String>,
    /// The label of the stage being worked on.
    pub current_stage: Option<String>,
    /// The state of every stage, in order.
    pub stage_states: Json,
    /// When each stage was entered and left, and in which attempt. A column of its own, as processes of an
    /// earlier version go on writing `stage_states` as they know it; `NULL` where nobody noted it.
    pub stage_timings: Option<Json>,
    /// The status line.
    pub status_text: String,
    /// The level of the status line.
    pub status_level: String,
    /// Whether durable stages may have saved outputs.
    pub has_stage_outputs: bool,
    /// How far it is, from 0 to 100, where that is known.
    pub percent: Option<f64>,
    /// The newest lines of the log, written when the run ends.
    pub log: Json,
    /// How many lines there have been.
    pub log_seq: i64,
    /// The queue it waits in.
    pub queue: String,
    /// Larger goes first.
    pub priority: i32,
    /// When it may start at the earliest; `NULL` for at once.
    pub run_after: Option<DateTimeUtc>,
    /// Since when the newest attempt could be made, or from when on it can: what its wait in the queue
    /// is measured from.
    pub due_on: DateTimeUtc,
    /// Which attempt is the newest, from 1: the fencing token, which only grows. While the operation
    /// waits it is the attempt that will be made.
    pub attempt: i32,
    /// The attempts that do not count against the budget: those before the newest retry by a user,
    /// and those that were handed back since.
    pub attempts_before: i32,
    /// How many attempts there may be from there on.
    pub max_attempts: i32,
    /// How often, from there on, whoever ran it stopped responding.
    pub rescues: i32,
    /// The wait before the second attempt, in milliseconds.
    pub backoff_first_ms: i64,
    /// What no wait before an attempt is longer than, in milliseconds.
    pub backoff_longest_ms: i64,
    /// How long an attempt may take, in milliseconds; `NULL` for without end.
    pub timeout_ms: Option<i64>,
    /// Who runs it, or ran it last.
    pub worker: Option<String>,
    /// Until when whoever runs it must have said that it still does. By that one's clock, which need
    /// not be anybody else's: what others go by is whether it changes.
    pub lease_until: Option<DateTimeUtc>,
    /// What no two unfinished operations may have in common.
    pub unique_key: Option<String>,
    /// The operation that handed over to this one, where it was enqueued for that.
    pub chained_from: Option<Uuid>,
    /// The operation that this one handed over to: enqueued for that, or there already.
    pub chained_to: Option<Uuid>,
}

/// The entity stands alone.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The operation's id.
    pub fn operation_id(&self) -> OperationId {
        self.id.into()
    }

    /// Whose it is.
    pub fn owner_id(&self) -> UserId {
        self.owner.as_str().into()
    }

    /// What the operation gave when it finished: a [`Run::Output`](crate::Run::Output). `None` where it
    /// has not finished, and where it failed or was cancelled.
    ///
    /// # Errors
    ///
    /// When what it gave is no `T`: that of another type of operations, or of an earlier version.
    pub fn output<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        self.result_context.as_ref().map(T::deserialize).transpose()
    }

    /// Which attempt is, or was, the newest.
    pub fn attempt_number(&self) -> Attempt {
        Attempt(u32::try_from(self.attempt).unwrap_or(0))
    }

    /// How long to wait before another attempt.
    pub fn backoff(&self) -> Backoff {
        let duration = |ms: i64| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        Backoff {
            first: duration(self.backoff_first_ms),
            longest: duration(self.backoff_longest_ms),
        }
    }

    /// How long one attempt may take; without end if there is none.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout_ms.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
    }

    /// Where the operation is in its life: read off the columns, so that nothing can disagree.
    pub fn state(&self) -> OperationState {
        match (self.started_on, self.finished_on) {
            (_, Some(_)) if self.cancelled => OperationState::Cancelled,
            (_, Some(_)) if self.finished_successfully => OperationState::FinishedOk,
            (_, Some(_)) => OperationState::FinishedError,
            (Some(_), None) => OperationState::Started,
            (None, None) => OperationState::NotStarted,
        }
    }
}
