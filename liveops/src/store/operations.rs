use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, QueryFilter, QueryOrder, QuerySelect, TransactionTrait, UpdateMany,
    sea_query::Expr,
};
use sea_orm_migration::MigratorTrait;
use serde_json::{Value, json};

use super::{
    ActiveModel, Column, Entity, ListFilter, Migrator, Model, StoreError,
    transition::{Fenced, claimed_attempt, is_in, next_attempt, transition},
};
use crate::{
    event::{Ending, LogLine},
    operation::{Attempt, NewOperation, OperationId, OperationKind, OperationState},
    projection::Projection,
};

/// The rows of all operations. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    db: DatabaseConnection,
}

/// What became of a request to cancel.
#[derive(Debug, Clone, PartialEq)]
pub enum Cancelling {
    /// The operation was waiting and is cancelled.
    Cancelled(Box<Model>),
    /// The operation is running and was asked to stop.
    Requested(Box<Model>),
    /// The operation had ended already.
    Ended(Box<Model>),
    /// There is no such operation.
    Unknown,
}

/// How a run ended, with everything the row remembers of it.
#[derive(Debug)]
pub struct Conclusion<'a> {
    /// How it ended.
    pub ending: &'a Ending,
    /// What went wrong, for staff.
    pub traceback: Option<String>,
    /// What it showed at the end.
    pub projection: &'a Projection,
    /// What kind of operation it was.
    pub kind: &'a OperationKind,
    /// The operation that takes over.
    pub next: Option<NewOperation>,
}

/// The answer to a run that saved where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Whether somebody asked for the run to be cancelled.
    pub cancel_requested: bool,
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

    /// The operations of these types that wait and may start now, in the order in which they
    /// should.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn waiting(&self, op_types: &[&str]) -> Result<Vec<OperationId>, StoreError> {
        let ids: Vec<uuid::Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(is_in(OperationState::NotStarted))
            .filter(Column::OpType.is_in(op_types.iter().copied()))
            .filter(Column::RunAfter.lte(Utc::now()))
            .order_by_desc(Column::Priority)
            .order_by_asc(Column::RunAfter)
            .order_by_asc(Column::Id)
            .into_tuple()
            .all(&self.db)
            .await
            .map_err(StoreError::of("read its queue"))?;
        Ok(ids.into_iter().map(OperationId::from).collect())
    }

    /// Takes a waiting operation, under a lease; `None` when somebody else did or it is not due.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn claim(
        &self,
        id: OperationId,
        worker: &str,
        lease: Duration,
    ) -> Result<Option<Model>, StoreError> {
        let now = Utc::now();
        let claim = transition(id, OperationState::Started)
            .filter(Column::RunAfter.lte(now))
            .col_expr(Column::StartedOn, Expr::value(now))
            .col_expr(Column::Attempt, claimed_attempt())
            .col_expr(Column::Worker, Expr::value(worker))
            .col_expr(Column::LeaseUntil, Expr::value(later(now, lease)));
        self.update_one(claim, "claim an operation").await
    }

    /// Saves where a run is and prolongs its lease; `None` when the run is no longer this
    /// attempt's to speak for.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn save(
        &self,
        id: OperationId,
        attempt: Attempt,
        projection: &Projection,
        kind: &OperationKind,
        lease: Duration,
    ) -> Result<Option<Saved>, StoreError> {
        let save = Entity::update_many()
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(is_in(OperationState::Started))
            .fenced(attempt)
            .col_expr(Column::LeaseUntil, Expr::value(later(Utc::now(), lease)));
        let saved = self.update_one(progress(save, projection, kind), "save a run").await?;
        Ok(saved.map(|row| Saved { cancel_requested: row.cancel_requested }))
    }

    /// Puts a run back into the queue without spending its attempt; `None` when the run is no
    /// longer this attempt's.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn hand_back(
        &self,
        id: OperationId,
        attempt: Attempt,
    ) -> Result<Option<Model>, StoreError> {
        let hand_back = transition(id, OperationState::NotStarted)
            .filter(is_in(OperationState::Started))
            .fenced(attempt)
            .col_expr(Column::StartedOn, Expr::value(None::<DateTime<Utc>>))
            .col_expr(Column::Worker, Expr::value(None::<String>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
            .col_expr(Column::CurrentStage, Expr::value(None::<String>))
            .col_expr(Column::StageStates, Expr::value(json!([])))
            .col_expr(Column::StatusText, Expr::value(""))
            .col_expr(Column::Percent, Expr::value(None::<f64>));
        self.update_one(hand_back, "hand a run back").await
    }

    /// Ends a run, and enqueues the operation that takes over in the same transaction; `None` when
    /// the run was no longer this attempt's to end, and then nothing is written.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn conclude(
        &self,
        id: OperationId,
        attempt: Attempt,
        conclusion: Conclusion<'_>,
    ) -> Result<Option<Model>, StoreError> {
        const ACTION: &str = "end a run";
        let Conclusion { ending, traceback, projection, kind, next } = conclusion;
        let (result, error) = match ending {
            Ending::Finished(output) => (Some(Value::clone(output)), None),
            Ending::Failed(message) => (None, Some(message.to_string())),
            Ending::Cancelled => (None, None),
        };
        let lines: Vec<&LogLine> = projection.log.iter().map(|(_, line)| &**line).collect();
        let end = transition(id, ending.state())
            .filter(is_in(OperationState::Started))
            .fenced(attempt)
            .col_expr(Column::FinishedOn, Expr::value(Utc::now()))
            .col_expr(
                Column::FinishedSuccessfully,
                Expr::value(ending.state() == OperationState::FinishedOk),
            )
            .col_expr(Column::Cancelled, Expr::value(ending.state() == OperationState::Cancelled))
            .col_expr(Column::ResultContext, Expr::value(result))
            .col_expr(Column::ErrorMessage, Expr::value(error))
            .col_expr(Column::Traceback, Expr::value(traceback))
            .col_expr(Column::SuccessUrl, Expr::value(projection.success_url.as_deref()))
            .col_expr(Column::Log, Expr::value(json!(lines)))
            .col_expr(
                Column::LogSeq,
                Expr::value(i64::try_from(projection.log.next_id()).unwrap_or(i64::MAX)),
            )
            .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>));

        let transaction = self.db.begin().await.map_err(StoreError::of(ACTION))?;
        let ended = progress(end, projection, kind)
            .exec_with_returning(&transaction)
            .await
            .map_err(StoreError::of(ACTION))?
            .pop();
        if let (Some(_), Some(next)) = (&ended, next) {
            self.insert(&transaction, next).await?;
        }
        transaction.commit().await.map_err(StoreError::of(ACTION))?;
        Ok(ended)
    }

    /// Cancels a waiting operation, or asks a running one to stop.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn cancel(&self, id: OperationId) -> Result<Cancelling, StoreError> {
        const ACTION: &str = "cancel an operation";
        loop {
            let waiting = transition(id, OperationState::Cancelled)
                .filter(is_in(OperationState::NotStarted))
                .col_expr(Column::FinishedOn, Expr::value(Utc::now()))
                .col_expr(Column::CancelRequested, Expr::value(true))
                .col_expr(Column::Cancelled, Expr::value(true));
            if let Some(row) = self.update_one(waiting, ACTION).await? {
                return Ok(Cancelling::Cancelled(Box::new(row)));
            }
            let running = Entity::update_many()
                .filter(Column::Id.eq(id.as_uuid()))
                .filter(is_in(OperationState::Started))
                .col_expr(Column::CancelRequested, Expr::value(true));
            if let Some(row) = self.update_one(running, ACTION).await? {
                return Ok(Cancelling::Requested(Box::new(row)));
            }
            match self.find(id).await? {
                None => return Ok(Cancelling::Unknown),
                Some(row) if row.state().is_terminal() => {
                    return Ok(Cancelling::Ended(Box::new(row)));
                }
                // It went back to the queue between the two: ask again.
                Some(_) => {}
            }
        }
    }

    /// Puts an operation that has ended back into the queue, as if it had never run; `None` when
    /// it has not ended.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn restart(&self, id: OperationId) -> Result<Option<Model>, StoreError> {
        let restart = transition(id, OperationState::NotStarted)
            .filter(Column::FinishedOn.is_not_null())
            .col_expr(Column::StartedOn, Expr::value(None::<DateTime<Utc>>))
            .col_expr(Column::FinishedOn, Expr::value(None::<DateTime<Utc>>))
            .col_expr(Column::FinishedSuccessfully, Expr::value(false))
            .col_expr(Column::CancelRequested, Expr::value(false))
            .col_expr(Column::Cancelled, Expr::value(false))
            .col_expr(Column::ResultContext, Expr::value(None::<Value>))
            .col_expr(Column::ErrorMessage, Expr::value(None::<String>))
            .col_expr(Column::Traceback, Expr::value(None::<String>))
            .col_expr(Column::SuccessUrl, Expr::value(None::<String>))
            .col_expr(Column::CurrentStage, Expr::value(None::<String>))
            .col_expr(Column::StageStates, Expr::value(json!([])))
            .col_expr(Column::StatusText, Expr::value(""))
            .col_expr(Column::StatusLevel, Expr::value(""))
            .col_expr(Column::Percent, Expr::value(None::<f64>))
            .col_expr(Column::Log, Expr::value(json!([])))
            .col_expr(Column::LogSeq, Expr::value(0))
            .col_expr(Column::RunAfter, Expr::value(Utc::now()))
            // An attempt of its own, so that what is shown from now on outranks the run before.
            .col_expr(Column::Attempt, next_attempt())
            .col_expr(Column::AttemptsBefore, Expr::col(Column::Attempt))
            .col_expr(Column::Worker, Expr::value(None::<String>));
        self.update_one(restart, "restart an operation").await
    }

    async fn update_one(
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
        run_after: Set(new.run_after.unwrap_or(now)),
        attempt: Set(1),
        attempts_before: Set(0),
        max_attempts: Set(i32::try_from(new.max_attempts).unwrap_or(i32::MAX)),
        worker: Set(None),
        lease_until: Set(None),
        unique_key: Set(None),
        chained_from: Set(new.chained_from.map(OperationId::as_uuid)),
    }
}

/// Adds the columns that say where a run is.
fn progress(
    update: UpdateMany<Entity>,
    projection: &Projection,
    kind: &OperationKind,
) -> UpdateMany<Entity> {
    let (text, level) = match &projection.status {
        Some(status) => (&*status.text, status.level.as_str()),
        None => ("", ""),
    };
    let stage = projection.active_stage().and_then(|index| kind.stages.get(index).copied());
    update
        .col_expr(Column::StatusText, Expr::value(text))
        .col_expr(Column::StatusLevel, Expr::value(level))
        .col_expr(Column::Percent, Expr::value(projection.percent(kind.stage_weights)))
        .col_expr(Column::CurrentStage, Expr::value(stage))
        .col_expr(Column::StageStates, Expr::value(json!(projection.stages)))
}

fn later(now: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| now.checked_add_signed(by)).unwrap_or(now)
}
