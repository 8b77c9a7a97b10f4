use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, TransactionTrait, UpdateMany,
    sea_query::Query,
};
use sea_orm_migration::MigratorTrait;

use super::{Column, Entity, ListFilter, Migrator, Model, StoreError, Transaction};
use crate::operation::OperationId;

/// The rows of all operations. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    db: DatabaseConnection,
}

impl Store {
    /// The operations in `db`.
    pub fn new(db: DatabaseConnection) -> Self {
        Self { db }
    }

    /// The database they are in.
    pub fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Makes the tables, or brings them up to date.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        Migrator::up(&self.db, None).await.map_err(StoreError::of("migrate its tables"))
    }

    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.db.begin().await.map_err(StoreError::of("begin a transaction"))
    }

    /// Commits a transaction.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        transaction.commit().await.map_err(StoreError::of("commit a transaction"))
    }

    /// Takes back what was done in a transaction.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn roll_back(&self, transaction: Transaction) -> Result<(), StoreError> {
        transaction.rollback().await.map_err(StoreError::of("roll a transaction back"))
    }

    /// The operation with this id.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn find(&self, id: OperationId) -> Result<Option<Model>, StoreError> {
        Entity::find_by_id(id.as_uuid())
            .one(&self.db)
            .await
            .map_err(StoreError::of("read an operation"))
    }

    /// The operation that the newest run of the operation `id` handed over to.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn find_next(&self, id: OperationId) -> Result<Option<Model>, StoreError> {
        let chained_to = Query::select()
            .column(Column::ChainedTo)
            .from(Entity)
            .and_where(Column::Id.eq(id.as_uuid()))
            .take();
        Entity::find()
            .filter(Column::Id.in_subquery(chained_to))
            .one(&self.db)
            .await
            .map_err(StoreError::of("read a chain"))
    }

    /// Lists operations, newest first.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn list(&self, filter: &ListFilter, limit: u64) -> Result<Vec<Model>, StoreError> {
        filter.select(limit).all(&self.db).await.map_err(StoreError::of("list operations"))
    }

    pub(super) async fn update_one(
        &self,
        update: UpdateMany<Entity>,
        action: &'static str,
    ) -> Result<Option<Model>, StoreError> {
        let mut rows =
            update.exec_with_returning(&self.db).await.map_err(StoreError::of(action))?;
        Ok(rows.pop())
    }
}
