//! Enqueueing: the insertion of new rows, and the uniqueness of unfinished operations.
//!
//! Uniqueness applies per owner, because an enqueue returns the existing operation, and a user must not get
//! the operation of another user. A partial index on unfinished rows enforces it: `INSERT … ON CONFLICT DO
//! NOTHING` has no race and does not fail the transaction of the caller.

use chrono::Utc;
use sea_orm::{
    ActiveValue::{self, Set},
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect, SqlErr,
    prelude::Json,
    sea_query::{Expr, ExprTrait, InsertStatement, OnConflict, Query},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    ActiveModel, Column, Columns, Entity, Model, Store, StoreError, action,
    recorded_write::{Record, RecordedWrite, set_values},
    transition::{later, milliseconds},
};
use crate::operation::{Action, ActionKind, NewOperation, OperationId, description};

const ACTION: &str = "enqueue an operation";

/// The outcome of an enqueue.
///
/// ```
/// use liveops::{LiveOperation, operation::NewOperation};
/// # use liveops::{LiveOps, Progress, Run, RunResult, RunnerKind, store};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(unique = "input")]
/// struct Export {
///     year: u16,
/// }
/// # impl Run for Export {
/// #     type Output = ();
/// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
/// #         Ok(())
/// #     }
/// # }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = store::connect("sqlite::memory:").await?;
/// # let liveops = LiveOps::builder(db).register::<Export>().runner(RunnerKind::Worker).build()?;
/// # liveops.migrate().await?;
/// let first = liveops.enqueue_new(NewOperation::new(&Export { year: 2026 }, "ann")?).await?;
/// assert!(first.is_new());
/// // The first operation has not ended.
/// let second = liveops.enqueue_new(NewOperation::new(&Export { year: 2026 }, "ann")?).await?;
/// assert!(!second.is_new());
/// assert_eq!(second.operation_id(), first.operation_id());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Enqueued {
    /// The operation was enqueued.
    New(Model),
    /// This unfinished operation has the same unique key, so nothing was enqueued.
    Existing(Model),
}

impl Enqueued {
    /// Returns the row of the new or existing operation.
    pub fn row(&self) -> &Model {
        match self {
            Self::New(row) | Self::Existing(row) => row,
        }
    }

    /// Converts the outcome into the row of the new or existing operation.
    pub fn into_row(self) -> Model {
        match self {
            Self::New(row) | Self::Existing(row) => row,
        }
    }

    /// Sets the input of a new operation.
    fn with_input(self, input: Json) -> Self {
        match self {
            Self::New(row) => Self::New(Model { input, ..row }),
            Self::Existing(row) => Self::Existing(row),
        }
    }

    /// Returns the ID of the new or existing operation.
    pub fn operation_id(&self) -> OperationId {
        self.row().operation_id()
    }

    /// Returns `true` if the operation was enqueued.
    pub fn is_new(&self) -> bool {
        matches!(self, Self::New(_))
    }
}

impl Store {
    /// Enqueues an operation. The operation is committed when this method returns.
    ///
    /// If several callers enqueue operations with the same unique key at the same time, one operation is
    /// enqueued and all callers receive it. If the answer of the database is lost, the method reads whether the
    /// operation was enqueued.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails, if a server does not answer in ten seconds, or if another transaction
    /// with the same unique key stays open for five seconds. If the database did not answer the second time either, the
    /// operation may have been enqueued. [`existing`](Self::existing) checks this.
    pub(crate) async fn enqueue(&self, new: NewOperation) -> Result<Enqueued, StoreError> {
        let (id, creation) = (new.id, creation(&new));
        let (row, input) = without_input(row(new));
        loop {
            let insertion = self.insertion(&row, &input);
            let insertion = match &creation {
                Some(creation) => {
                    let records = [creation.clone()];
                    RecordedWrite::new(self.backend(), insertion, records, Columns::All)
                }
                None => RecordedWrite::without_record(self.backend(), insertion),
            };
            let inserted = match self.for_request().write_recorded(insertion, ACTION).await {
                Ok(mut rows) => rows.pop(),
                Err(error) if error.is_pool_timeout() => return Err(error),
                // The ID is new, so only this insertion can have created a row with this ID. The insertion is never
                // repeated, and the server has cancelled it if it was still executing.
                Err(error) => match self.find(id).await {
                    Ok(Some(row)) => return Ok(Enqueued::New(row)),
                    Ok(None) | Err(_) => return Err(error),
                },
            };
            if let Some(enqueued) = enqueued(self.statements(), inserted, &row.unique_key).await? {
                return Ok(enqueued.with_input(input));
            }
        }
    }

    /// Enqueues an operation over `connection`, a transaction of the caller. The operation runs once the
    /// caller commits. Every query uses `connection`.
    ///
    /// An existing operation with the same unique key does not fail the transaction. If another open
    /// transaction enqueued it, this method may wait until that transaction ends.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn insert(
        &self,
        connection: &impl ConnectionTrait,
        new: NewOperation,
    ) -> Result<Enqueued, StoreError> {
        let creation = creation(&new);
        let (row, input) = without_input(row(new));
        loop {
            let rows = connection.query_all(&self.insertion(&row, &input)).await;
            let rows = rows.and_then(|rows| {
                rows.first().map(|row| Model::from_query_result(row, "")).transpose()
            });
            let inserted = rows.map_err(StoreError::of(ACTION))?;
            if let (Some(_), Some(creation)) = (&inserted, &creation) {
                creation.clone().insert(connection).await.map_err(StoreError::of(ACTION))?;
            }
            if let Some(enqueued) = enqueued(connection, inserted, &row.unique_key).await? {
                return Ok(enqueued.with_input(input));
            }
        }
    }

    /// Returns a statement that inserts a row, unless an unfinished row has the same unique key, and returns the row
    /// without its input. The statement contains the input as text, because the database interface would copy each part
    /// of a JSON value.
    fn insertion(&self, row: &ActiveModel, input: &Json) -> InsertStatement {
        let input = Expr::val(input.to_string());
        let input = match self.backend() {
            DbBackend::Postgres => input.cast_as("jsonb"),
            _ => input,
        };
        let (columns, values): (Vec<_>, Vec<_>) =
            set_values(row).chain([(Column::Input, input)]).unzip();
        // Exactly the partial unique index: any other conflict is an error.
        let taken = OnConflict::column(Column::UniqueKey)
            .target_and_where(Expr::col(Column::FinishedOn).is_null())
            .do_nothing()
            .to_owned();
        let mut insertion = Query::insert().into_table(Entity).columns(columns).take();
        insertion.values_panic(values).on_conflict(taken);
        insertion.returning(Columns::Json.returning(self.backend()));
        insertion
    }

    /// Returns those of `ids` that have a committed row.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn existing(
        &self,
        ids: &[OperationId],
    ) -> Result<Vec<OperationId>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.is_in(ids.iter().map(|id| id.as_uuid())))
            .into_tuple()
            .all(self.statements())
            .await
            .map_err(StoreError::of("read operations"))?;
        Ok(found.into_iter().map(OperationId::from).collect())
    }

    /// Returns another unfinished operation with the unique key of operation `id`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn find_duplicate(
        &self,
        id: OperationId,
    ) -> Result<Option<Model>, StoreError> {
        let key = self.find(id).await?.and_then(|row| row.unique_key);
        let Some(key) = key else { return Ok(None) };
        let same = find_unfinished(self.statements(), &key).await?;
        Ok(same.filter(|same| same.operation_id() != id))
    }
}

/// Takes the input, which may be large, out of a row.
fn without_input(mut row: ActiveModel) -> (ActiveModel, Json) {
    let input = row.input.take().unwrap_or_default();
    (row, input)
}

/// Returns the record of the creation by a user.
fn creation(new: &NewOperation) -> Option<Record> {
    let creator = new.created_by.as_ref()?;
    Some(action::record(new.id, &Action::of(ActionKind::Create, creator)))
}

/// Returns `true` if a write violated the unique index: an unfinished operation has the same key.
pub(super) fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// Returns the outcome of an insertion that returned `inserted`. `None` if the existing operation has ended
/// in the meantime and its key is free again: the caller inserts again.
async fn enqueued(
    connection: &impl ConnectionTrait,
    inserted: Option<Model>,
    unique_key: &ActiveValue<Option<String>>,
) -> Result<Option<Enqueued>, StoreError> {
    match (inserted, unique_key) {
        (Some(row), _) => Ok(Some(Enqueued::New(row))),
        (None, ActiveValue::Set(Some(key))) => {
            Ok(find_unfinished(connection, key).await?.map(Enqueued::Existing))
        }
        (None, _) => {
            let lost = DbErr::RecordNotInserted;
            Err(StoreError::of(ACTION)(lost))
        }
    }
}

async fn find_unfinished(
    connection: &impl ConnectionTrait,
    unique_key: &str,
) -> Result<Option<Model>, StoreError> {
    Entity::find()
        .filter(Column::UniqueKey.eq(unique_key))
        .filter(Column::FinishedOn.is_null())
        .one(connection)
        .await
        .map_err(StoreError::of("read the existing operation"))
}

/// Returns the unique key as stored: the type as text, then a hash of owner and key, so that the length
/// fits an index.
fn unique_key(new: &NewOperation) -> Option<String> {
    let key = new.unique_key.as_ref()?;
    let owner = new.owner.as_str();
    let mut hash = Sha256::new();
    // The length separates the owner from the key.
    hash.update((owner.len() as u64).to_be_bytes());
    hash.update(owner);
    hash.update(key);
    let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{}:{hash}", new.op_type))
}

pub(super) fn row(new: NewOperation) -> ActiveModel {
    let unique_key = unique_key(&new);
    let now = Utc::now();
    let claim = new.claimed_by;
    ActiveModel {
        id: Set(new.id.as_uuid()),
        op_type: Set(new.op_type.to_owned()),
        owner: Set(new.owner.to_string()),
        input: Set(new.input),
        description: Set(new.description.as_deref().and_then(description::stored)),
        payload_version: Set(i32::try_from(new.payload_version).unwrap_or(i32::MAX)),
        language: Set(new.language),
        created_on: Set(now),
        started_on: Set(claim.as_ref().map(|_| now)),
        finished_on: Set(None),
        finished_successfully: Set(false),
        cancel_requested: Set(false),
        cancelled: Set(false),
        traceback: Set(None),
        error_message: Set(None),
        result_context: Set(None),
        result_order: Set(None),
        success_url: Set(None),
        current_stage: Set(None),
        stage_states: Set(json!([])),
        stage_timings: Set(None),
        has_stage_outputs: Set(false),
        status_text: Set(String::new()),
        status_level: Set(String::new()),
        percent: Set(None),
        log_seq: Set(0),
        log_from: Set(0),
        queue: Set(new.queue),
        priority: Set(new.priority),
        run_after: Set(new.run_after),
        due_on: Set(new.run_after.map_or(now, |run_after| std::cmp::max(run_after, now))),
        attempt: Set(1),
        attempts_before: Set(0),
        max_attempts: Set(i32::try_from(new.max_attempts).unwrap_or(i32::MAX)),
        rescues: Set(0),
        hand_backs: Set(0),
        backoff_first_ms: Set(milliseconds(new.backoff.first)),
        backoff_longest_ms: Set(milliseconds(new.backoff.longest)),
        timeout_ms: Set(new.timeout.map(milliseconds)),
        lease_until: Set(claim.as_ref().map(|claim| later(now, claim.lease))),
        lease_ms: Set(claim.as_ref().map(|claim| milliseconds(claim.lease))),
        worker: Set(claim.map(|claim| claim.worker)),
        unique_key: Set(unique_key),
        chained_from: Set(new.chained_from.map(OperationId::as_uuid)),
        chained_to: Set(None),
    }
}
