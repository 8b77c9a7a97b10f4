//! An operation before it is enqueued.

use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};

use super::{
    Backoff, LiveOperation, OperationId, OperationKind, Owner, UserId, description, json_len,
    policy::DURATION_MAX,
};

/// An operation to be enqueued: every column of its row before the first run.
///
/// [`LiveOps::enqueue`](crate::LiveOps::enqueue) enqueues an operation with the defaults of its type. A
/// `NewOperation` replaces some of these defaults:
///
/// ```
/// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, store};
/// use liveops::operation::NewOperation;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(LiveOperation, Serialize, Deserialize)]
/// # struct Import {
/// #     file: String,
/// # }
/// # impl Run for Import {
/// #     type Output = ();
/// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = store::connect("sqlite::memory:").await?;
/// # let liveops = LiveOps::builder(db).register::<Import>().build()?;
/// # liveops.migrate().await?;
///
/// let mut new = NewOperation::new(&Import { file: "scores.csv".into() }, "ann")?;
/// new.priority = 10;
/// new.max_attempts = 3;
/// let enqueued = liveops.enqueue_new(new).await?;
/// assert!(enqueued.is_new());
/// assert_eq!(enqueued.row().priority, 10);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewOperation {
    /// The ID of the operation.
    pub id: OperationId,
    /// The op type: `app.name`.
    pub op_type: &'static str,
    /// The owner of the operation.
    pub owner: UserId,
    /// The operation itself, as JSON.
    pub input: serde_json::Value,
    /// The line that tells the operation from others of its type in lists and on its page. Everyone who may see the
    /// operation reads it. The row has at most 200 characters of it on one line: white space and control characters
    /// become single spaces, and characters that reorder or hide text are left out. Default:
    /// [`describe`](LiveOperation::describe).
    pub description: Option<String>,
    /// The version of the shape of the input. Default: [`Policy::version`](super::Policy::version).
    pub payload_version: u32,
    /// The languages of the owner: one BCP 47 tag, or several separated by commas. The first one with texts
    /// in the application is used. Empty for the default language of the application.
    pub language: String,
    /// The queue that the operation waits in. Default: the queue of the type.
    pub queue: String,
    /// The priority: operations with a larger number start first. Default: the priority of the type.
    pub priority: i32,
    /// The earliest start, in the years from 1 to 9999. Default: at once.
    pub run_after: Option<DateTime<Utc>>,
    /// The maximum number of attempts. Default: the maximum of the type.
    pub max_attempts: u32,
    /// The wait before another attempt. Default: the backoff of the type.
    pub backoff: Backoff,
    /// The maximum duration of one attempt, at most 36,600 days. Default: the timeout of the type.
    pub timeout: Option<Duration>,
    /// The key that no two unfinished operations of one type and one owner may share, of any length. Default:
    /// the key from [`UNIQUE`](LiveOperation::UNIQUE) of the type. With `None` the operation is always
    /// enqueued.
    pub unique_key: Option<String>,
    /// The operation that started this one with `chain_to`.
    pub chained_from: Option<OperationId>,
    /// The worker that runs the operation from the start. Such an operation never waits in the queue, so no
    /// other worker can claim it.
    pub(crate) claimed_by: Option<WorkerClaim>,
    /// The user whose request creates the operation; `None` for the application.
    pub(crate) created_by: Option<UserId>,
}

/// The claim of a process that enqueues an operation and runs it itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WorkerClaim {
    /// The name of the worker.
    pub(crate) worker: String,
    /// The duration of the lease.
    pub(crate) lease: Duration,
}

/// The error for a [`NewOperation`] with a value out of its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutOfBounds {
    #[error("expected `{field}` to be {expected}, found {found}")]
    Time { field: &'static str, expected: &'static str, found: String },
    #[error("expected an input of at most {bytes_max} bytes as JSON, found {found}")]
    Input { bytes_max: usize, found: usize },
}

impl NewOperation {
    /// Checks that the input has at most `input_bytes_max` bytes, and checks the bounds of the times and
    /// durations. Within them, both databases sort times alike, and no time overflows.
    pub(crate) fn check(&self, input_bytes_max: usize) -> Result<(), OutOfBounds> {
        let found = json_len(&self.input);
        if found > input_bytes_max {
            return Err(OutOfBounds::Input { bytes_max: input_bytes_max, found });
        }
        if let Some(run_after) = self.run_after.filter(|on| !(1..=9_999).contains(&on.year())) {
            let found = run_after.to_string();
            let expected = "in the years from 1 to 9999";
            return Err(OutOfBounds::Time { field: "run_after", expected, found });
        }
        let durations = [
            ("backoff.first", Some(self.backoff.first)),
            ("backoff.longest", Some(self.backoff.longest)),
            ("timeout", self.timeout),
        ];
        for (field, duration) in durations {
            if let Some(found) = duration.filter(|duration| *duration > DURATION_MAX) {
                let found = format!("{found:?}");
                let expected = "at most 36600 days";
                return Err(OutOfBounds::Time { field, expected, found });
            }
        }
        Ok(())
    }

    /// Creates an operation of `owner` with the defaults of its type.
    ///
    /// # Errors
    ///
    /// Returns an error if `operation` does not serialize to JSON.
    pub fn new<Op: LiveOperation>(
        operation: &Op,
        owner: impl Into<Owner>,
    ) -> Result<Self, serde_json::Error> {
        // This function is compiled for every operation type, so the rest is in a function without generics.
        match serde_json::to_value(operation) {
            Ok(input) => {
                let unique_key = Op::UNIQUE.key(operation, &input);
                let kind = &const { OperationKind::of::<Op>() };
                let new = Self::from_input(kind, input, unique_key, owner.into());
                let description = operation.describe().as_deref().and_then(description::stored);
                Ok(Self { description, ..new })
            }
            Err(error) => Err(error),
        }
    }

    /// Creates the operation. This part is independent of the type.
    fn from_input(
        kind: &OperationKind,
        input: serde_json::Value,
        unique_key: Option<String>,
        owner: Owner,
    ) -> Self {
        Self {
            id: OperationId::new(),
            op_type: kind.op_type,
            owner: owner.id,
            input,
            description: None,
            language: owner.languages,
            payload_version: kind.policy.version,
            queue: kind.policy.queue.to_owned(),
            priority: kind.policy.priority,
            run_after: None,
            max_attempts: kind.policy.max_attempts,
            backoff: kind.policy.backoff,
            timeout: kind.policy.timeout,
            unique_key,
            chained_from: None,
            claimed_by: None,
            created_by: None,
        }
    }
}
