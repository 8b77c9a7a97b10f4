use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Backoff, LiveOperation, OperationId, OperationKind, Owner, UserId};

/// An operation that is about to be enqueued: everything its row says before it first runs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewOperation {
    /// Its id.
    pub id: OperationId,
    /// `app.name` of its type.
    pub op_type: &'static str,
    /// Whose it is.
    pub owner: UserId,
    /// The operation itself, as JSON.
    pub input: serde_json::Value,
    /// Which shape the input has; [`Policy::version`](super::Policy::version) unless set.
    pub payload_version: u32,
    /// The language its owner reads, as a BCP 47 tag, or several with commas between them, of which the
    /// first that the application speaks is taken; empty for the application's default.
    pub language: String,
    /// The queue it waits in; its type's unless set.
    pub queue: String,
    /// Larger goes first; its type's unless set.
    pub priority: i32,
    /// When it may start at the earliest; at once unless set.
    pub run_after: Option<DateTime<Utc>>,
    /// How often it may be run in all; its type's unless set.
    pub max_attempts: u32,
    /// How long to wait before another attempt; its type's unless set.
    pub backoff: Backoff,
    /// How long one attempt may take; its type's unless set.
    pub timeout: Option<Duration>,
    /// What no two unfinished operations of one type and owner may have in common; of any length.
    /// As its type's [`UNIQUE`](LiveOperation::UNIQUE) says unless set; `None` for an operation that
    /// is enqueued whatever else there is.
    pub unique_key: Option<String>,
    /// The operation that handed over to this one.
    pub chained_from: Option<OperationId>,
    /// Who runs it from the start. Such an operation never waits, so nobody else can claim it.
    pub(crate) claimed_by: Option<WorkerClaim>,
}

/// Whoever enqueues an operation and runs it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WorkerClaim {
    /// The name under which it claims.
    pub(crate) worker: String,
    /// How long it may be silent.
    pub(crate) lease: Duration,
}

impl NewOperation {
    /// An operation of `owner` with everything else as its type says.
    ///
    /// # Errors
    ///
    /// When `operation` does not serialize to JSON.
    pub fn new<Op: LiveOperation>(
        operation: &Op,
        owner: impl Into<Owner>,
    ) -> Result<Self, serde_json::Error> {
        // Compiled for every operation of an application, so the rest of it is not.
        match serde_json::to_value(operation) {
            Ok(input) => {
                let unique_key = Op::UNIQUE.key(operation, &input);
                let kind = &const { OperationKind::of::<Op>() };
                Ok(Self::from_input(kind, input, unique_key, owner.into()))
            }
            Err(error) => Err(error),
        }
    }

    /// What is the same for all types.
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
        }
    }
}
