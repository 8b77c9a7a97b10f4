use std::time::Duration;

use chrono::Utc;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, QueryFilter, QueryOrder, TransactionTrait, UpdateMany,
};
use sea_orm_migration::MigratorTrait;
use serde_json::json;

use super::{ActiveModel, Column, Entity, ListFilter, Migrator, Model, StoreError, Transaction};
use crate::operation::{NewOperation, OperationId};

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

    /// Enqueues an operation over `connection`, which may be a transaction of the caller's:
    /// committed means that it will run.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn insert(
        &self,
        connection: &impl ConnectionTrait,
        new: NewOperation,
    ) -> Result<Model, StoreError> {
        row(new).insert(connection).await.map_err(StoreError::of("enqueue an operation"))
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

    /// The operation that the operation `id` handed over to.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn find_next(&self, id: OperationId) -> Result<Option<Model>, StoreError> {
        Entity::find()
            .filter(Column::ChainedFrom.eq(id.as_uuid()))
            .order_by_desc(Column::Id)
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

fn row(new: NewOperation) -> ActiveModel {
    let now = Utc::now();
    ActiveModel {
        id: Set(new.id.as_uuid()),
        op_type: Set(new.op_type.to_owned()),
        owner: Set(new.owner.to_string()),
        input: Set(new.input),
        payload_version: Set(i32::try_from(new.payload_version).unwrap_or(i32::MAX)),
        language: Set(new.language),
        created_on: Set(now),
        started_on: Set(None),
        finished_on: Set(None),
        finished_successfully: Set(false),
        cancel_requested: Set(false),
        cancelled: Set(false),
        traceback: Set(None),
        error_message: Set(None),
        result_context: Set(None),
        success_url: Set(None),
        current_stage: Set(None),
        stage_states: Set(json!([])),
        status_text: Set(String::new()),
        status_level: Set(String::new()),
        percent: Set(None),
        log: Set(json!([])),
        log_seq: Set(0),
        queue: Set(new.queue),
        priority: Set(new.priority),
        run_after: Set(new.run_after),
        attempt: Set(1),
        attempts_before: Set(0),
        max_attempts: Set(i32::try_from(new.max_attempts).unwrap_or(i32::MAX)),
        rescues: Set(0),
        backoff_first_ms: Set(milliseconds(new.backoff.first)),
        backoff_longest_ms: Set(milliseconds(new.backoff.longest)),
        timeout_ms: Set(new.timeout.map(milliseconds)),
        worker: Set(None),
        lease_until: Set(None),
        unique_key: Set(None),
        chained_from: Set(new.chained_from.map(OperationId::as_uuid)),
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
