use std::{
    collections::{HashMap, HashSet},
    future,
    panic::resume_unwind,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::OnceCell, time};
use tokio_util::task::TaskTracker;

use crate::{
    operation::{Attempt, OperationId},
    store::{Model, RETRY_AFTER, Store, StoreError},
};

/// What the durable stages of an operation gave, for one run of it.
#[derive(Debug)]
pub(crate) struct StageOutputs {
    storage: OutputStorage,
    /// Read when the first durable stage is entered: most operations have none.
    earlier: OnceCell<HashMap<String, String>>,
    entered: Mutex<HashSet<&'static str>>,
    queries: TaskTracker,
}

/// Where the outputs are kept.
#[derive(Debug)]
enum OutputStorage {
    RowStorage(RowStorage),
    /// By label, where there is no row.
    Memory(Mutex<HashMap<String, String>>),
}

#[derive(Debug)]
struct RowStorage {
    store: Store,
    id: OperationId,
    attempt: Attempt,
}

impl StageOutputs {
    /// Of the run of the attempt that `row` was claimed for.
    pub(crate) fn of_row(store: Store, row: &Model) -> Self {
        let earlier = if row.has_stage_outputs { None } else { Some(HashMap::new()) };
        let (id, attempt) = (row.operation_id(), row.attempt_number());
        Self::new(OutputStorage::RowStorage(RowStorage { store, id, attempt }), earlier)
    }

    /// Of a run that has no row, after runs that saved `earlier`, by label.
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

    /// Notes that a stage is entered; `false` if it was before.
    pub(super) fn enter(&self, label: &'static str) -> bool {
        locked(&self.entered).insert(label)
    }

    /// What this run saved, by label, where it has no row.
    pub(crate) fn saved_in_memory(&self) -> HashMap<String, String> {
        match &self.storage {
            OutputStorage::RowStorage(_) => HashMap::new(),
            OutputStorage::Memory(outputs) => locked(outputs).clone(),
        }
    }

    /// What an earlier run saved for a stage, as JSON.
    pub(super) async fn earlier(&self, label: &str) -> Option<&str> {
        let earlier = self.earlier.get_or_init(|| self.read()).await;
        earlier.get(label).map(String::as_str)
    }

    async fn read(&self) -> HashMap<String, String> {
        let OutputStorage::RowStorage(row) = &self.storage else { return HashMap::new() };
        let id = row.id;
        self.ask(row, |store| async move { store.stage_outputs(id).await }).await
    }

    /// Saves what a stage gave; `false` when this run may not do so any more.
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
        self.ask(row, save).await
    }

    /// Waits until nothing of this run is under way to the database any more.
    ///
    /// A run that was dropped may have left a save behind. Whoever gives the row to a later run of
    /// the same attempt, which the save could not be told from, waits for it first.
    pub(crate) async fn settled(&self) {
        self.queries.close();
        self.queries.wait().await;
    }

    /// Asks the database, and asks again while it fails: what took an hour to make is not given up
    /// for a connection that was cut. Whoever runs the operation drops it when it is time to.
    async fn ask<T, Query>(&self, row: &RowStorage, query: impl Fn(Store) -> Query) -> T
    where
        T: Send + 'static,
        Query: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        loop {
            // In a task of its own: whoever drops a stage must not drop a query half-way, which
            // takes its connection along.
            match self.queries.spawn(query(row.store.clone())).await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(error)) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "will try again");
                    time::sleep(RETRY_AFTER).await;
                }
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    // The whole process stops.
                    Err(_) => future::pending().await,
                },
            }
        }
    }
}

/// What is kept is whole whenever the lock is free, however somebody else came to let go of it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
