use std::{collections::BTreeSet, error::Error as StdError};

use futures_util::future::BoxFuture;
use sea_orm::ConnectionTrait;
use tracing::Instrument;

use super::{LiveOps, RunnerKind, WakeUp, attempt::eager};
use crate::{
    channel::ListChange,
    metrics::operation_enqueued,
    operation::{NewOperation, OperationId, Owner, UserId},
    progress::Run,
    publish::UncommittedEnqueue,
    span,
    store::{Enqueued, Model, StoreError, Transaction},
};

/// Why an operation was not enqueued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnqueueError {
    /// The operation's type is not registered, so nobody could run it.
    #[error("`{op_type}` is not registered: add `.register::<…>()` to the builder")]
    NotRegistered {
        /// The op type.
        op_type: String,
    },
    /// The operation does not serialize to JSON.
    #[error("the operation does not serialize")]
    Serialize(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

// What takes an operation is not an `async fn`: its future would name the type, and the compiler
// would repeat for the future and for the `.await` whatever the type lacks.
impl LiveOps {
    /// Enqueues an operation for `owner` and gives its id. When this returns it will run, whatever
    /// happens to this process.
    ///
    /// The owner is an id, or a [`Viewer`](crate::Viewer): then what the operation shows is said in
    /// their language.
    ///
    /// Where one of the owner's counts as the same and has not ended, as `#[liveop(unique = …)]`
    /// says, that one's id is given and nothing is enqueued;
    /// [`enqueue_new`](Self::enqueue_new) tells the two apart.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`]; then nothing was enqueued.
    pub fn enqueue<Op: Run>(
        &self,
        operation: Op,
        owner: impl Into<Owner>,
    ) -> BoxFuture<'_, Result<OperationId, EnqueueError>> {
        let new = NewOperation::new(&operation, owner).map_err(EnqueueError::from);
        Box::pin(async { Ok(self.enqueue_new(new?).await?.operation_id()) })
    }

    /// Enqueues an operation with more said about it than whose it is, unless one that counts as
    /// the same has not ended.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`]; then nothing was enqueued.
    pub async fn enqueue_new(&self, new: NewOperation) -> Result<Enqueued, EnqueueError> {
        let span = span::enqueue(new.op_type, new.id);
        self.enqueue_now(new).instrument(span).await
    }

    async fn enqueue_now(&self, new: NewOperation) -> Result<Enqueued, EnqueueError> {
        let enqueued = self.add(new).await?;
        if let Enqueued::New(row) = &enqueued {
            let owner = row.owner_id();
            tokio::join!(
                self.engine().publisher.announce(&owner, ListChange::Rows),
                self.start(row)
            );
        }
        Ok(enqueued)
    }

    /// Adds the row of an operation, and tells nobody.
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

    /// Enqueues an operation over a connection of the application's, which is a transaction most of
    /// the time: then the operation exists if what the transaction wrote does.
    ///
    /// Rolled back means that it never ran and nobody ever saw it. Committed means that it will run:
    /// at once after [`commit`](Self::commit), or [`wake`](Self::wake) where something else commits;
    /// without either when a worker next [polls](crate::Config::poll_interval).
    ///
    /// Nothing is asked of the database over any other connection. That matters on SQLite, where
    /// sea-orm keeps one unless told otherwise: until the transaction has ended, every other method
    /// that asks the database waits for it.
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
    /// Of operations that count as the same one is enqueued, here as in [`enqueue`](Self::enqueue);
    /// a transaction that finds one there goes on. That one may have started already, and so before
    /// the transaction's own writes are there to be read. On PostgreSQL, whoever enqueues the same
    /// operation waits until the transaction has ended.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`]; then nothing was enqueued.
    pub fn enqueue_in<'a, Op: Run>(
        &'a self,
        connection: &'a impl ConnectionTrait,
        operation: Op,
        owner: impl Into<Owner>,
    ) -> BoxFuture<'a, Result<OperationId, EnqueueError>> {
        let new = NewOperation::new(&operation, owner).map_err(EnqueueError::from);
        Box::pin(async { Ok(self.enqueue_new_in(connection, new?).await?.operation_id()) })
    }

    /// Like [`enqueue_in`](Self::enqueue_in), with more said about the operation than whose it is.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`]; then nothing was enqueued.
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
            // It polls, and so finds what nobody wakes it for.
            if self.engine().runner == RunnerKind::Spawn {
                self.start_worker();
            }
        }
        Ok(enqueued)
    }

    /// Commits a transaction in which operations were enqueued, and [wakes](Self::wake) whoever runs
    /// them.
    ///
    /// For the outermost transaction: to commit one inside of it commits nothing yet, and on SQLite
    /// waits for the connection that the outer one has.
    ///
    /// # Errors
    ///
    /// When the database fails to commit.
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way, the transaction may be committed and nobody woken; its operations wait for
    /// the next poll.
    pub async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        self.engine().store.commit(transaction).await?;
        self.wake().await;
        Ok(())
    }

    /// Shows what was enqueued with [`enqueue_in`](Self::enqueue_in) and is committed now in the lists,
    /// and has the workers look at the queue now, rather than at their next poll: that of this process,
    /// and those of other processes as far as the channel layer and
    /// [wake-ups](crate::runner::Builder::wake_ups) reach. For those who commit without
    /// [`commit`](Self::commit); harmless at any other time.
    ///
    /// Where operations are run on the spot, runs everything that waits.
    pub async fn wake(&self) {
        let committed = self.announce_committed().await;
        let somebody = committed.is_empty().then(WakeUp::default);
        match self.engine().runner {
            RunnerKind::Eager => eager::run_queued(self.engine()).await,
            _ => self.wake_workers(committed.into_iter().chain(somebody)).await,
        }
    }

    /// Has one operation run that was enqueued.
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

    /// What is registered, in a language that is spoken.
    fn prepare(&self, mut new: NewOperation) -> Result<NewOperation, EnqueueError> {
        if self.engine().registry.find(new.op_type).is_none() {
            return Err(EnqueueError::NotRegistered { op_type: new.op_type.to_owned() });
        }
        if !new.language.is_empty() {
            let language = self.engine().renderer().languages().find(&new.language);
            language.tag().clone_into(&mut new.language);
        }
        Ok(new)
    }

    /// Tells the lists of what has been committed since, and gives the wake-ups for it. A list that is
    /// not told hears of an operation when it starts.
    async fn announce_committed(&self) -> Vec<WakeUp> {
        let engine = self.engine();
        match engine.store.existing(&engine.publisher.uncommitted_enqueues.ids()).await {
            Ok(committed) => {
                let committed = engine.publisher.uncommitted_enqueues.remove(&committed);
                for operation in &committed {
                    operation_enqueued(operation.op_type);
                }
                let owners: BTreeSet<&UserId> = committed.iter().map(|it| &it.owner).collect();
                for owner in owners {
                    engine.publisher.announce(owner, ListChange::Rows).await;
                }
                let wake_up = |it: UncommittedEnqueue| WakeUp::new(it.id, it.queue);
                committed.into_iter().map(wake_up).collect()
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn StdError, "failed to announce");
                Vec::new()
            }
        }
    }
}

/// Says in the log what became of an operation that was to be enqueued.
fn log_enqueued(enqueued: &Enqueued) {
    match enqueued {
        Enqueued::New(_) => tracing::debug!("enqueued"),
        Enqueued::Existing(row) => tracing::debug!(
            existing = %row.operation_id(),
            "not enqueued, as one that counts as the same has not ended"
        ),
    }
}
