//! The error of all queries of the store.

use std::time::Duration;

use sea_orm::DbErr;

use super::conflict;

/// Wait after a failed query before the next query.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A failure of the database. [`LiveOps::may_see`](crate::LiveOps::may_see) has an example of a function that
/// returns this error.
#[derive(Debug, thiserror::Error)]
#[error("the database failed to {action}")]
pub struct StoreError {
    action: &'static str,
    source: DbErr,
}

impl StoreError {
    /// Returns a closure for `map_err`. `action` is a verb with its object, such as "claim an operation".
    pub(super) fn of(action: &'static str) -> impl FnOnce(DbErr) -> Self {
        move |source| Self { action, source }
    }

    /// Returns `true` if the database had no time for the statement: another transaction had locked the SQLite file or
    /// the row, every connection was in use, or the server did not answer, for longer than the caller waits. Nothing
    /// was written, except perhaps if the server did not answer.
    pub(crate) fn is_busy(&self) -> bool {
        [
            conflict::is_busy,
            conflict::is_pool_timeout,
            conflict::is_lock_timeout,
            conflict::is_statement_timeout,
            conflict::is_unanswered,
        ]
        .iter()
        .any(|is| is(&self.source))
    }

    /// Returns `true` if no connection of the pool became free, so that the database did not get the statement.
    pub(super) fn is_pool_timeout(&self) -> bool {
        conflict::is_pool_timeout(&self.source)
    }

    /// Returns `true` if another row references the row that was to be deleted.
    pub(super) fn is_referenced(&self) -> bool {
        conflict::is_referenced(&self.source)
    }

    /// Returns `true` if the transaction lost a conflict with another one, so that its repetition may succeed.
    pub(super) fn is_conflict(&self) -> bool {
        conflict::is_conflict(&self.source)
    }
}
