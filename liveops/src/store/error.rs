use sea_orm::DbErr;

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
