use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::{Column, Entity, Store, StoreError};

impl Store {
    /// Deletes operations that ended before `before`, the earliest first and at most `limit` of
    /// them, with what is saved of their stages; gives how many it deleted.
    ///
    /// # Errors
    ///
    /// When the database fails; then nothing was deleted.
    pub async fn prune(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
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
            // Once more, of the rows themselves: one may have been restarted since they were chosen.
            .filter(has_ended())
            .exec(self.db())
            .await
            .map_err(StoreError::of("delete operations that have ended"))?;
        Ok(deleted.rows_affected)
    }
}
