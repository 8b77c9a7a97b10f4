use std::time::Duration;

use sea_orm::DbErr;

/// How long to wait before a database that failed is asked again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The database did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("the database failed to {action}")]
pub struct StoreError {
    action: &'static str,
    source: DbErr,
}

impl StoreError {
    /// For `map_err`: the failure of `action`, a verb and its object.
    pub(super) fn of(action: &'static str) -> impl FnOnce(DbErr) -> Self {
        move |source| Self { action, source }
    }
}
