//! The saved outputs of durable stages, in the database or, for a run without a row, in memory.

use std::{
    collections::{HashMap, HashSet},
    future,
    panic::resume_unwind,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::OnceCell, time};
use tokio_util::task::TaskTracker;

use crate::{
    operation::{Attempt, OperationId},
    store::{Model, RETRY_AFTER, Store, StoreError},
};

/// Maximum duration of one query. A connection that the network has dropped never answers, and the end of the
/// attempt waits for the query.
const QUERY_WAIT_MAX: Duration = Duration::from_secs(5);

/// The outputs of an operation's durable stages, as one run reads and saves them.
#[derive(Debug)]
pub(crate) struct StageOutputs {
    storage: OutputStorage,
    /// Loaded when the run enters its first durable stage, because most operations have none.
    earlier: OnceCell<HashMap<String, String>>,
    entered: Mutex<HashSet<&'static str>>,
    queries: TaskTracker,
}

/// The storage of the outputs.
#[derive(Debug)]
enum OutputStorage {
    RowStorage(RowStorage),
    /// Outputs by label, for a run without a row.
    Memory(Mutex<HashMap<String, String>>),
}

#[derive(Debug)]
struct RowStorage {
    store: Store,
    id: OperationId,
    attempt: Attempt,
}

impl StageOutputs {
    /// Creates the outputs for the attempt that claimed `row`.
    pub(crate) fn of_row(store: Store, row: &Model) -> Self {
        let earlier = if row.has_stage_outputs { None } else { Some(HashMap::new()) };
        let (id, attempt) = (row.operation_id(), row.attempt_number());
        Self::new(OutputStorage::RowStorage(RowStorage { store, id, attempt }), earlier)
    }

    /// Creates the outputs for a run without a row, after runs that saved `earlier`, by label.
    pub(crate) fn in_memory(earlier: HashMap<String, String>) -> Self {
        Self::new(OutputStorage::Memory(Mutex::default()), Some(earlier))
    }

    fn new(storage: OutputStorage, earlier: Option<HashMap<String, String>>) -> Self {
        Self {
            storage,
            earlier: OnceCell::new_with(earlier),
            entered: Mutex::default(),
            queries: TaskTracker::new(),
        }
    }

    /// Records the entry of a stage; `false` if this run entered the stage before.
    pub(super) fn enter(&self, label: &'static str) -> bool {
        locked(&self.entered).insert(label)
    }

    /// Returns the outputs that a run without a row saved, by label.
    pub(crate) fn saved_in_memory(&self) -> HashMap<String, String> {
        match &self.storage {
            OutputStorage::RowStorage(_) => HashMap::new(),
            OutputStorage::Memory(outputs) => locked(outputs).clone(),
        }
    }

    /// Returns the output that an earlier run saved for a stage, as JSON.
    pub(super) async fn earlier(&self, label: &str) -> Option<&str> {
        let earlier = self.earlier.get_or_init(|| self.read()).await;
        earlier.get(label).map(String::as_str)
    }

    async fn read(&self) -> HashMap<String, String> {
        let OutputStorage::RowStorage(row) = &self.storage else { return HashMap::new() };
        let id = row.id;
        self.query_until_answered(row, |store| async move { store.stage_outputs(id).await }).await
    }

    /// Saves the output of a stage; `false` if another attempt has taken over the operation.
    pub(super) async fn save(&self, label: &'static str, output: String) -> bool {
        let row = match &self.storage {
            OutputStorage::RowStorage(row) => row,
            OutputStorage::Memory(outputs) => {
                locked(outputs).insert(label.to_owned(), output);
                return true;
            }
        };
        let (id, attempt) = (row.id, row.attempt);
        let save = |store: Store| {
            let output = output.clone();
            async move { store.save_stage_output(id, attempt, label, output).await }
        };
        self.query_until_answered(row, save).await
    }

    /// Waits until no query of this run is in progress.
    ///
    /// A dropped run may leave a save in progress. The runner waits for this save before it hands the attempt
    /// back: afterwards the fence would refuse the save, and the output would be lost.
    pub(crate) async fn settled(&self) {
        self.queries.close();
        self.queries.wait().await;
    }

    /// Queries the database, again and again while the query fails: an hour of work must not be lost to a
    /// broken connection. The runner ends the loop by dropping the run.
    async fn query_until_answered<T, Query>(
        &self,
        row: &RowStorage,
        query: impl Fn(Store) -> Query,
    ) -> T
    where
        T: Send + 'static,
        Query: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        loop {
            // A separate task, because dropping the stage must not drop a query in progress: that would lose
            // its connection.
            let (store, query) = (row.store.clone(), query(row.store.clone()));
            let query = async move {
                let wait = async {
                    time::sleep(QUERY_WAIT_MAX).await;
                    QUERY_WAIT_MAX
                };
                store.run_within(wait, "query the stage outputs", |_| query).await
            };
            match self.queries.spawn(query).await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(error)) => {
                    tracing::warn!(
                        id = %row.id,
                        error = &error as &dyn std::error::Error,
                        "could not query the stage outputs; retrying in {RETRY_AFTER:?}"
                    );
                    time::sleep(RETRY_AFTER).await;
                }
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    // The runtime shuts down.
                    Err(_) => future::pending().await,
                },
            }
        }
    }
}

/// Locks `mutex` and ignores poisoning: every change under the lock is a single insertion, so the value is
/// always consistent.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
