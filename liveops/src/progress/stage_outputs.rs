use std::{
    collections::{HashMap, HashSet},
    future,
    panic::resume_unwind,
    sync::{Mutex, PoisonError},
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
    row: Option<Row>,
    /// Read when the first durable stage is entered: most operations have none.
    earlier: OnceCell<HashMap<String, String>>,
    entered: Mutex<HashSet<&'static str>>,
    queries: TaskTracker,
}

/// Where the outputs are kept.
#[derive(Debug)]
struct Row {
    store: Store,
    id: OperationId,
    attempt: Attempt,
}

impl StageOutputs {
    /// Of the run of the attempt that `row` was claimed for.
    pub(crate) fn of_row(store: Store, row: &Model) -> Self {
        let earlier = if row.has_stage_outputs { None } else { Some(HashMap::new()) };
        let (id, attempt) = (row.operation_id(), row.attempt_number());
        Self::new(Some(Row { store, id, attempt }), earlier)
    }

    /// Of a run that no other one comes before or after, so that nothing needs to be kept.
    pub(crate) fn of_only_run() -> Self {
        Self::new(None, Some(HashMap::new()))
    }

    fn new(row: Option<Row>, earlier: Option<HashMap<String, String>>) -> Self {
        Self {
            row,
            earlier: OnceCell::new_with(earlier),
            entered: Mutex::default(),
            queries: TaskTracker::new(),
        }
    }

    /// Notes that a stage is entered; `false` if it was before.
    pub(super) fn enter(&self, label: &'static str) -> bool {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner).insert(label)
    }

    /// What an earlier run saved for a stage, as JSON.
    pub(super) async fn earlier(&self, label: &str) -> Option<&str> {
        let earlier = self.earlier.get_or_init(|| self.read()).await;
        earlier.get(label).map(String::as_str)
    }

    async fn read(&self) -> HashMap<String, String> {
        let Some(row) = &self.row else { return HashMap::new() };
        let id = row.id;
        self.ask(row, |store| async move { store.stage_outputs(id).await }).await
    }

    /// Saves what a stage gave; `false` when this run may not do so any more.
    pub(super) async fn save(&self, label: &'static str, output: String) -> bool {
        let Some(row) = &self.row else { return true };
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
    async fn ask<T, Query>(&self, row: &Row, query: impl Fn(Store) -> Query) -> T
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
