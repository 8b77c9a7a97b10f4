use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Backoff, LiveOperation, OperationId, OperationKind, UserId};

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
    /// The language its owner reads, as a BCP 47 tag; empty for the application's default.
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
    /// The operation that handed over to this one.
    pub chained_from: Option<OperationId>,
}

impl NewOperation {
    /// An operation of `owner` with everything else as its type says.
    ///
    /// # Errors
    ///
    /// When `operation` does not serialize to JSON.
    pub fn new<Op: LiveOperation>(
        operation: &Op,
        owner: impl Into<UserId>,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self::from_input(&OperationKind::of::<Op>(), serde_json::to_value(operation)?, owner))
    }

    /// The same from an input that is JSON already and fits the type.
    pub(crate) fn from_input(
        kind: &OperationKind,
        input: serde_json::Value,
        owner: impl Into<UserId>,
    ) -> Self {
        Self {
            id: OperationId::new(),
            op_type: kind.op_type,
            owner: owner.into(),
            input,
            language: String::new(),
            payload_version: kind.policy.version,
            queue: kind.policy.queue.to_owned(),
            priority: kind.policy.priority,
            run_after: None,
            max_attempts: kind.policy.max_attempts,
            backoff: kind.policy.backoff,
            timeout: kind.policy.timeout,
            chained_from: None,
        }
    }
}
