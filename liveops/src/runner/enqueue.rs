//! Enqueueing of operations, alone or in a transaction of the application, and waking of workers.

use std::{collections::BTreeMap, error::Error as StdError};

use futures_util::future::BoxFuture;
use sea_orm::ConnectionTrait;
use tracing::Instrument;

use super::{LiveOps, RunnerKind, WakeUp, attempt::eager};
use crate::{
    channel::{ListChange, RowChange},
    metrics::operation_enqueued,
    operation::{NewOperation, OperationId, OperationState, OutOfBounds, Owner, UserId},
    progress::Run,
    publish::UncommittedEnqueue,
    span,
    store::{Enqueued, Model, StoreError, Transaction},
};

/// An error from enqueueing an operation. [`LiveOps`] has an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnqueueError {
    /// The operation's type is not registered, so no worker could run the operation.
    #[error("`{op_type}` is not registered: add `.register::<…>()` to the builder")]
    NotRegistered {
        /// The op type.
        op_type: String,
    },
    /// A time or a duration of the operation is out of its bounds.
    #[error("expected `{field}` to be {expected}, found {found}")]
    OutOfBounds {
        /// The field of the [`NewOperation`].
        field: &'static str,
        /// The bounds.
        expected: &'static str,
        /// The value.
        found: String,
    },
    /// The input is larger than [`Config::input_bytes_max`](crate::Config::input_bytes_max).
    #[error(
        "expected an input of at most {bytes_max} bytes as JSON, found {found}; store large data \
         elsewhere and refer to it, or raise `Config::input_bytes_max`"
    )]
    InputTooLarge {
        /// The maximum size of the input as JSON, in bytes.
        bytes_max: usize,
        /// The size of the input as JSON, in bytes.
        found: usize,
    },
    /// The operation does not serialize to JSON.
    #[error("the operation does not serialize")]
    Serialize(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OutOfBounds> for EnqueueError {
    fn from(error: OutOfBounds) -> Self {
        match error {
            OutOfBounds::Time { field, expected, found } => {
                Self::OutOfBounds { field, expected, found }
            }
            OutOfBounds::Input { bytes_max, found } => Self::InputTooLarge { bytes_max, found },
        }
    }
}

// Methods that take an operation are not `async fn`: the future would name the type `Op`, and the
// compiler would report every trait that `Op` lacks again for the future and for the `.await`.
impl LiveOps {
    /// Enqueues an operation for `owner` and returns its ID. After a successful return the operation
    /// will run, even if this process dies.
    ///
    /// `owner` is a user ID or a [`Viewer`](crate::Viewer). With a viewer, the operation reports in the
    /// viewer's language.
    ///
    /// If `owner` has an unfinished duplicate of the operation, as defined by `#[liveop(unique = …)]`,
    /// nothing is enqueued and the ID of the duplicate is returned. [`enqueue_new`](Self::enqueue_new)
    /// distinguishes the two cases.
    ///
    /// # Errors
    ///
    /// Returns an [`EnqueueError`]. Nothing was enqueued then, except perhaps if the database answered neither the
    /// enqueue nor the query for the new row. On PostgreSQL, the method fails after ten seconds without an answer, and
    /// after five seconds behind a lock.
    pub fn enqueue<Op: Run>(
        &self,
        operation: Op,
        owner: impl Into<Owner>,
    ) -> BoxFuture<'_, Result<OperationId, EnqueueError>> {
        let new = NewOperation::new(&operation, owner).map_err(EnqueueError::from);
        Box::pin(async { Ok(self.enqueue_new(new?).await?.operation_id()) })
    }

    /// Enqueues an operation with further settings, unless the owner has an unfinished duplicate of it.
    /// [`NewOperation`] has an example.
    ///
    /// # Errors
    ///
    /// Returns an [`EnqueueError`], as [`enqueue`](Self::enqueue) does.
    pub async fn enqueue_new(&self, new: NewOperation) -> Result<Enqueued, EnqueueError> {
        let span = span::enqueue(new.op_type, new.id);
        self.enqueue_now(new).instrument(span).await
    }

    async fn enqueue_now(&self, new: NewOperation) -> Result<Enqueued, EnqueueError> {
        let enqueued = self.add(new).await?;
        if let Enqueued::New(row) = &enqueued {
            tokio::join!(self.engine().publisher.announce_row(row), self.start(row));
        }
        Ok(enqueued)
    }

    /// Adds the row of an operation, without notifying lists and workers.
    pub(super) async fn add(&self, new: NewOperation) -> Result<Enqueued, EnqueueError> {
        let new = self.prepare(new)?;
        let op_type = new.op_type;
        let enqueued = self.engine().store.enqueue(new).await?;
        log_enqueued(&enqueued);
        if enqueued.is_new() {
            operation_enqueued(op_type);
        }
        Ok(enqueued)
    }

    /// Enqueues an operation over a connection of the application, usually a transaction: the operation
    /// exists exactly if the other writes of the transaction do.
    ///
    /// After a rollback, the operation never ran and was never visible. After a commit, the operation
    /// will run: at once if the caller commits with [`commit`](Self::commit), or calls
    /// [`wake`](Self::wake) after its own commit; otherwise at the next
    /// [poll](crate::Config::poll_interval) of a worker.
    ///
    /// The call uses no other database connection. This matters on SQLite, which has one writer at a time: while
    /// the transaction has written and is open, every other method that writes waits for ten seconds at most, and
    /// then fails. On SQLite in memory, which has a single connection, every other method that uses the database
    /// waits until the transaction has ended.
    ///
    /// ```
    /// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, store};
    /// use sea_orm::{ActiveModelTrait, ActiveValue::Set, TransactionTrait};
    /// # use sea_orm::{ConnectionTrait, EntityTrait};
    /// # use serde::{Deserialize, Serialize};
    /// # mod upload {
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, DeriveEntityModel)]
    /// #     #[sea_orm(table_name = "upload")]
    /// #     pub struct Model {
    /// #         #[sea_orm(primary_key)]
    /// #         pub id: i32,
    /// #         pub file: String,
    /// #     }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {}
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    ///
    /// #[derive(LiveOperation, Serialize, Deserialize)]
    /// struct Import {
    ///     upload: i32,
    /// }
    /// # impl Run for Import {
    /// #     type Output = ();
    /// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
    /// #         Ok(())
    /// #     }
    /// # }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// # let create = "CREATE TABLE upload (id INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT NOT NULL)";
    /// # db.execute_unprepared(create).await?;
    /// # let liveops = LiveOps::builder(db.clone()).register::<Import>().build()?;
    /// # liveops.migrate().await?;
    /// let txn = db.begin().await?;
    /// let upload = upload::ActiveModel { file: Set("scores.csv".into()), ..Default::default() };
    /// let upload = upload.insert(&txn).await?;
    /// let id = liveops.enqueue_in(&txn, Import { upload: upload.id }, "ann").await?;
    /// liveops.commit(txn).await?;
    /// # assert!(liveops.find(id).await?.is_some());
    ///
    /// let txn = db.begin().await?;
    /// let id = liveops.enqueue_in(&txn, Import { upload: upload.id }, "ann").await?;
    /// txn.rollback().await?;
    /// assert!(liveops.find(id).await?.is_none());
    /// # assert_eq!(upload::Entity::find().all(&db).await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Duplicates are not enqueued, as in [`enqueue`](Self::enqueue), and a transaction that finds a
    /// duplicate can continue. The duplicate may have started already, before the transaction's own
    /// writes are visible. On PostgreSQL, another caller that enqueues a duplicate waits until the
    /// transaction has ended, for five seconds at most.
    ///
    /// # Errors
    ///
    /// Returns an [`EnqueueError`]; then nothing was enqueued.
    pub fn enqueue_in<'a, Op: Run>(
        &'a self,
        connection: &'a impl ConnectionTrait,
        operation: Op,
        owner: impl Into<Owner>,
    ) -> BoxFuture<'a, Result<OperationId, EnqueueError>> {
        let new = NewOperation::new(&operation, owner).map_err(EnqueueError::from);
        Box::pin(async { Ok(self.enqueue_new_in(connection, new?).await?.operation_id()) })
    }

    /// Enqueues an operation with further settings over a connection of the application, like
    /// [`enqueue_in`](Self::enqueue_in).
    ///
    /// # Errors
    ///
    /// Returns an [`EnqueueError`]; then nothing was enqueued.
    pub async fn enqueue_new_in(
        &self,
        connection: &impl ConnectionTrait,
        new: NewOperation,
    ) -> Result<Enqueued, EnqueueError> {
        let new = self.prepare(new)?;
        let op_type = new.op_type;
        let span = span::enqueue(op_type, new.id);
        let enqueued = self.engine().store.insert(connection, new).instrument(span.clone()).await?;
        span.in_scope(|| log_enqueued(&enqueued));
        if let Enqueued::New(row) = &enqueued {
            let (id, owner) = (row.operation_id(), row.owner_id());
            self.engine().publisher.uncommitted_enqueues.add(id, op_type, owner, &row.queue);
            // The worker polls, and so finds the operation even without a wake-up.
            if self.engine().runner == RunnerKind::Spawn {
                self.start_worker();
            }
        }
        Ok(enqueued)
    }

    /// Commits a transaction in which operations were enqueued, and [wakes](Self::wake) the workers.
    ///
    /// For outermost transactions. Committing a nested transaction commits nothing yet, and on SQLite
    /// the call would wait for the connection that the outer transaction holds.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails to commit.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: if the future is dropped, the transaction may be committed without waking the
    /// workers. Its operations then wait for the next poll.
    pub async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        self.engine().store.commit(transaction).await?;
        self.wake().await;
        Ok(())
    }

    /// Announces operations that were enqueued with [`enqueue_in`](Self::enqueue_in) and are committed
    /// now.
    ///
    /// Lists show the operations, and workers poll the queue now instead of at their next poll: the
    /// worker of this process, and the workers of other processes that the channel layer and the
    /// [wake-ups](crate::runner::Builder::wake_ups) reach. For callers that commit without
    /// [`commit`](Self::commit); harmless at any other time.
    ///
    /// With [`RunnerKind::Eager`], runs every waiting operation.
    pub async fn wake(&self) {
        let committed = self.announce_committed().await;
        let any_worker = committed.is_empty().then(WakeUp::default);
        match self.engine().runner {
            RunnerKind::Eager => eager::run_queued(self.engine()).await,
            _ => self.wake_workers(committed.into_iter().chain(any_worker)).await,
        }
    }

    /// Starts an operation that was enqueued: runs it now if the runner is eager, otherwise wakes the
    /// workers.
    pub(super) async fn start(&self, row: &Model) {
        match self.engine().runner {
            RunnerKind::Eager => eager::run_to_completion(self.engine(), row.operation_id()).await,
            _ => self.wake_workers(WakeUp::of(row)).await,
        }
    }

    async fn wake_workers(&self, wake_ups: impl IntoIterator<Item = WakeUp>) {
        if self.engine().runner == RunnerKind::Spawn {
            self.start_worker();
        }
        self.engine().wake_workers(wake_ups).await;
    }

    /// Checks that the type is registered and the bounds, and sets the language to a supported one.
    fn prepare(&self, mut new: NewOperation) -> Result<NewOperation, EnqueueError> {
        if self.engine().registry.find(new.op_type).is_none() {
            return Err(EnqueueError::NotRegistered { op_type: new.op_type.to_owned() });
        }
        new.check(self.engine().config.input_bytes_max)?;
        if !new.language.is_empty() {
            let language = self.engine().renderer().languages().find(&new.language);
            language.tag().clone_into(&mut new.language);
        }
        Ok(new)
    }

    /// Announces newly committed operations to the lists, and returns their wake-ups. A list that
    /// misses the announcement shows an operation when it starts.
    async fn announce_committed(&self) -> Vec<WakeUp> {
        let engine = self.engine();
        match engine.store.existing(&engine.publisher.uncommitted_enqueues.ids()).await {
            Ok(committed) => {
                let committed = engine.publisher.uncommitted_enqueues.remove(&committed);
                for operation in &committed {
                    operation_enqueued(operation.op_type);
                }
                for (owner, of_owner) in by_owner(&committed) {
                    // One notification is enough for several operations.
                    let change = match &of_owner[..] {
                        [operation] => added(operation),
                        _ => ListChange::Rows,
                    };
                    engine.publisher.announce(owner, change).await;
                }
                let wake_up = |it: UncommittedEnqueue| WakeUp::new(it.id, it.queue);
                committed.into_iter().map(wake_up).collect()
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn StdError,
                    "could not read the committed enqueues; workers find them at their next poll"
                );
                Vec::new()
            }
        }
    }
}

fn by_owner(committed: &[UncommittedEnqueue]) -> BTreeMap<&UserId, Vec<&UncommittedEnqueue>> {
    let mut by_owner = BTreeMap::<_, Vec<_>>::new();
    for operation in committed {
        by_owner.entry(&operation.owner).or_default().push(operation);
    }
    by_owner
}

/// Returns the change of a list with a new operation.
fn added(operation: &UncommittedEnqueue) -> ListChange {
    ListChange::Row(RowChange {
        id: operation.id,
        op_type: operation.op_type.into(),
        owner: operation.owner.clone(),
        state: OperationState::NotStarted,
    })
}

/// Logs the result of enqueueing an operation.
fn log_enqueued(enqueued: &Enqueued) {
    match enqueued {
        Enqueued::New(_) => tracing::debug!("enqueued the operation"),
        Enqueued::Existing(row) => tracing::debug!(
            existing = %row.operation_id(),
            "did not enqueue the operation; an unfinished duplicate exists"
        ),
    }
}
