//! The deletion of operations that ended long ago.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::{Column, Entity, Store, StoreError};

impl Store {
    /// Deletes at most `limit` operations that ended before `before`, the earliest first, with the saved
    /// outputs of their stages. Returns the number of deleted operations.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails. Nothing was deleted then.
    pub(crate) async fn prune(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        let has_ended = || Column::FinishedOn.lt(before);
        let earliest = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(has_ended())
            .order_by_asc(Column::FinishedOn)
            .limit(limit)
            .into_query();
        let deleted = Entity::delete_many()
            .filter(Column::Id.in_subquery(earliest))
            // Checked again on the rows themselves: an operation may have been retried after the subquery
            // selected it.
            .filter(has_ended())
            .exec(self.statements())
            .await
            .map_err(StoreError::of("delete operations that have ended"))?;
        Ok(deleted.rows_affected)
    }
}
