//! The actions of users on operations.

use chrono::{DateTime, Utc};

use super::UserId;

/// A kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ActionKind {
    /// The operation was created.
    Create,
    /// Cancellation was requested.
    Cancel,
    /// The operation was put back into the queue after its end.
    Retry,
    /// Cancellation was requested for several operations at once.
    BulkCancel,
    /// Several operations were put back into the queue at once.
    BulkRetry,
    /// Operations that ended long ago were deleted.
    Prune,
    /// A hook or a webhook failed for too long after the end, and is not called again.
    GiveUpHook,
}

/// An action, with its actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    /// The kind.
    pub kind: ActionKind,
    /// The user who acted; `None` for the application.
    pub actor: Option<UserId>,
}

/// An action that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastAction {
    /// The time of the action.
    pub at: DateTime<Utc>,
    /// The action.
    pub action: Action,
    /// The number of operations, for an action on many.
    pub count: Option<u64>,
}

impl ActionKind {
    const ALL: [Self; 7] = [
        Self::Create,
        Self::Cancel,
        Self::Retry,
        Self::BulkCancel,
        Self::BulkRetry,
        Self::Prune,
        Self::GiveUpHook,
    ];

    /// Returns the name in the database and in JSON, such as `bulk_cancel`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::BulkCancel => "bulk_cancel",
            Self::BulkRetry => "bulk_retry",
            Self::Prune => "prune",
            Self::GiveUpHook => "give_up_hook",
        }
    }

    /// Returns the kind with this name; `None` for a name of a later version.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Action {
    /// Creates an action of the application.
    pub(crate) fn of_application(kind: ActionKind) -> Self {
        Self { kind, actor: None }
    }

    /// Creates an action of a user.
    pub(crate) fn of(kind: ActionKind, actor: &UserId) -> Self {
        Self { kind, actor: Some(actor.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for kind in ActionKind::ALL {
            assert_eq!(ActionKind::named(kind.as_str()), Some(kind));
        }
        assert_eq!(ActionKind::named("pause"), None);
    }
}
