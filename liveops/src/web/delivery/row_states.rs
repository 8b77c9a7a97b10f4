//! The attempts and states of operations, read from the database for many clients at once.

use std::{
    collections::HashMap,
    error::Error,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::hub::{RowLookup, RowsUnavailable};
use crate::{
    operation::{Attempt, OperationId, OperationState},
    panic::CatchPanic,
    store::{RowState, Store, StoreError},
};

/// The lookup of the attempts and states of operations.
///
/// Lookups that arrive while a query runs share the next query. So the clients that reconnect after a restart
/// wait for a few queries, and not for each other.
#[derive(Debug, Clone)]
pub(in crate::web) struct RowStates(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Box<dyn RowStateSource>,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    lookups: Vec<Lookup>,
    /// `true` while a task reads the lookups of the queue.
    is_read: bool,
}

#[derive(Debug)]
struct Lookup {
    id: OperationId,
    /// Receives `None` for an operation that does not exist. Dropped if the query failed.
    reply: oneshot::Sender<Option<RowState>>,
}

/// The query of the database.
#[async_trait]
trait RowStateSource: fmt::Debug + Send + Sync {
    async fn read(&self, ids: &[OperationId])
    -> Result<HashMap<OperationId, RowState>, StoreError>;
}

#[async_trait]
impl RowStateSource for Store {
    async fn read(
        &self,
        ids: &[OperationId],
    ) -> Result<HashMap<OperationId, RowState>, StoreError> {
        self.row_states(ids).await
    }
}

impl RowStates {
    pub(in crate::web) fn new(store: Store) -> Self {
        Self::of(store)
    }

    fn of(source: impl RowStateSource + 'static) -> Self {
        Self(Arc::new(Inner { source: Box::new(source), queue: Mutex::default() }))
    }
}

#[async_trait]
impl RowLookup for RowStates {
    async fn attempt_and_state(
        &self,
        id: OperationId,
    ) -> Result<Option<(Attempt, OperationState)>, RowsUnavailable> {
        Ok(self.find(id).await?.map(|row| (row.attempt, row.state)))
    }
}

impl RowStates {
    /// Returns the state of an operation, or `None` if the operation does not exist.
    pub(in crate::web) async fn find(
        &self,
        id: OperationId,
    ) -> Result<Option<RowState>, RowsUnavailable> {
        let (reply, answer) = oneshot::channel();
        let begins = {
            let mut queue = self.0.queue();
            queue.lookups.push(Lookup { id, reply });
            !mem::replace(&mut queue.is_read, true)
        };
        if begins {
            // A task, because other clients wait for the query too, and this one may leave.
            let inner = self.0.clone();
            tokio::spawn(async move { inner.read_queue().await });
        }
        answer.await.map_err(|_| RowsUnavailable)
    }
}

impl Inner {
    /// Reads lookups until the queue is empty.
    async fn read_queue(&self) {
        while let Some(lookups) = self.take() {
            let mut ids: Vec<OperationId> = lookups.iter().map(|lookup| lookup.id).collect();
            ids.sort_unstable();
            ids.dedup();
            // A panic, for example in a `tracing` subscriber, must not prevent later lookups.
            match CatchPanic::new(self.source.read(&ids)).await {
                Ok(Ok(states)) => {
                    for Lookup { id, reply } in lookups {
                        // A client that has left does not receive the reply.
                        let _ = reply.send(states.get(&id).cloned());
                    }
                }
                Ok(Err(error)) => {
                    let (count, error) = (ids.len(), &error as &dyn Error);
                    tracing::debug!(count, error, "could not read the states of operations");
                }
                Err(panicked) => {
                    tracing::error!(%panicked, "the lookup of the states of operations panicked");
                }
            }
        }
    }

    fn take(&self) -> Option<Vec<Lookup>> {
        let mut queue = self.queue();
        queue.is_read = !queue.lookups.is_empty();
        queue.is_read.then(|| mem::take(&mut queue.lookups))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    fn started() -> RowState {
        RowState {
            attempt: Attempt(3),
            state: OperationState::Started,
            op_type: "test.steps".into(),
            owner: "ann".into(),
        }
    }

    /// A database that answers one query for each permit, and has every operation but one.
    #[derive(Debug, Clone)]
    struct Database {
        permits: Arc<Semaphore>,
        queries: Arc<Mutex<Vec<usize>>>,
        absent: OperationId,
        /// The database panics when it reads this operation.
        broken: OperationId,
    }

    impl Database {
        fn with_permits(permits: usize) -> Self {
            let (absent, broken) = (OperationId::new(), OperationId::new());
            let permits = Arc::new(Semaphore::new(permits));
            Self { permits, queries: Arc::default(), absent, broken }
        }
    }

    #[async_trait]
    impl RowStateSource for Database {
        async fn read(
            &self,
            ids: &[OperationId],
        ) -> Result<HashMap<OperationId, RowState>, StoreError> {
            self.permits.acquire().await.unwrap().forget();
            assert!(!ids.contains(&self.broken), "the database broke");
            self.queries.lock().unwrap().push(ids.len());
            Ok(ids.iter().filter(|id| **id != self.absent).map(|id| (*id, started())).collect())
        }
    }

    #[tokio::test]
    async fn lookups_that_wait_for_a_query_share_the_next_one() {
        let database = Database::with_permits(0);
        let states = RowStates::of(database.clone());
        let first = states.find(OperationId::new());
        let others: Vec<OperationId> =
            iter::repeat_with(OperationId::new).take(999).chain([database.absent]).collect();
        let others = join_all(others.iter().map(|id| states.find(*id)));
        let permit = async {
            // The first query has begun, and every other lookup waits.
            tokio::task::yield_now().await;
            database.permits.add_permits(2);
        };
        let (first, mut others, ()) = tokio::join!(first, others, permit);
        assert_eq!(first.unwrap(), Some(started()));
        assert_eq!(others.pop().unwrap().unwrap(), None, "does not exist");
        assert!(others.into_iter().all(|state| state.unwrap() == Some(started())));
        let queries = database.queries.lock().unwrap().clone();
        assert_eq!(queries.iter().sum::<usize>(), 1_001);
        assert!(queries.len() <= 2, "{queries:?}");
    }

    #[tokio::test]
    async fn a_query_that_panics_fails_its_lookups_alone() {
        let database = Database::with_permits(2);
        let states = RowStates::of(database.clone());
        assert!(states.find(database.broken).await.is_err());
        assert_eq!(states.find(OperationId::new()).await.unwrap(), Some(started()));
    }
}
