//! Access to the calls of the hook.

use liveops::{OperationId, OperationState};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, Set};

use super::ending::{ActiveModel, Column, Entity};

/// The ends that the hook was called for. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Endings {
    db: DatabaseConnection,
}

impl Endings {
    /// Creates the access to the calls in `db`.
    pub fn new(db: DatabaseConnection) -> Self {
        Self { db }
    }

    /// Adds a call.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn add(
        &self,
        operation: OperationId,
        key: String,
        state: OperationState,
    ) -> Result<(), DbErr> {
        let ended = ActiveModel {
            operation: Set(operation.as_uuid()),
            key: Set(key),
            state: Set(state.as_str().to_owned()),
            ..ActiveModel::default()
        };
        Entity::insert(ended).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Returns the key and the state of each call for an operation, the first call first.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn of(&self, operation: OperationId) -> Result<Vec<(String, String)>, DbErr> {
        let calls = Entity::find().filter(Column::Operation.eq(operation.as_uuid()));
        let calls = calls.order_by_asc(Column::Id).all(&self.db).await?;
        Ok(calls.into_iter().map(|call| (call.key, call.state)).collect())
    }
}
