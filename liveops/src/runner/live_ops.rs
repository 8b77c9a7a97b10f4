use std::{sync::Arc, time::Duration};

use tokio::time;

use super::engine::Engine;
use crate::{
    channel::ChannelLayer,
    metrics::record_operation_ended,
    operation::OperationId,
    render::Renderer,
    store::{CancelTransition, Model, Store, StoreError},
};

/// The operations of an application: enqueue, cancel, restart, look up. Cheap to clone.
///
/// ```
/// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, store};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(LiveOperation, Serialize, Deserialize)]
/// # #[liveop(app = "demo")]
/// # struct Greeting {
/// #     name: String,
/// # }
/// # impl Run for Greeting {
/// #     type Output = String;
/// #     async fn run(&self, _: Progress<Self>) -> RunResult<String> {
/// #         Ok(format!("Hello, {}!", self.name))
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = store::connect("sqlite::memory:").await?;
/// let liveops = LiveOps::builder(db).register::<Greeting>().build()?;
/// liveops.migrate().await?;
/// let id = liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await?;
/// # let _ = id;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct LiveOps {
    engine: Arc<Engine>,
}

/// How long runs may take to go back into the queue, however little grace they were given.
const HAND_BACK_TIMEOUT: Duration = Duration::from_secs(10);

/// What became of a request to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It had not started and is cancelled.
    Cancelled,
    /// It is running and was asked to stop.
    Requested,
    /// It had ended already.
    Ended,
    /// There is no such operation.
    Unknown,
}

impl LiveOps {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine: Arc::new(engine) }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Where the application's liveops router stands: `/live` unless configured.
    pub fn mount(&self) -> &str {
        self.engine.renderer().mount()
    }

    /// What makes the pages: an application's own pages look like liveops' when they go through
    /// [`Renderer::page`], which puts them into the same layout.
    pub fn renderer(&self) -> &Renderer {
        self.engine.renderer()
    }

    /// The titles, stage labels and texts in forms of the operations that one of the
    /// [languages](crate::runner::Builder::languages) the application has texts in lacks: a test that
    /// expects none of them finds what was forgotten.
    #[cfg(feature = "i18n")]
    pub fn missing_texts(&self) -> Vec<crate::language::MissingText> {
        let operations = self.engine.registry.iter();
        let kinds = operations.map(|operation| {
            let form = operation.form.map(crate::form::Form::attributes);
            (&operation.kind, form.unwrap_or_default())
        });
        self.engine.renderer().languages().missing_texts(kinds)
    }

    /// Where an operation of this type is created: the path of its form, where it has one, and what input
    /// is sent to.
    pub fn create_url(&self, op_type: &str) -> String {
        self.engine.renderer().create_url(op_type)
    }

    /// The path of an operation's page.
    pub fn url(&self, op_type: &str, id: OperationId) -> String {
        self.engine.renderer().url(op_type, id)
    }

    /// The rows of the operations.
    pub fn store(&self) -> &Store {
        &self.engine.store
    }

    /// What carries frames between processes.
    pub fn channel_layer(&self) -> &dyn ChannelLayer {
        &*self.engine.publisher.layer
    }

    /// Makes the tables, or brings them up to date.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.engine.store.migrate().await
    }

    /// Has this process execute operations, as many at once as
    /// [`concurrency_max`](crate::Config::concurrency_max) says: those that wait already, and those
    /// that will. Call it when the application starts.
    ///
    /// A second call does nothing. Goes on until [`shutdown`](Self::shutdown), or until the last
    /// `LiveOps` of the application is dropped and nothing runs any more.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start_worker(&self) {
        self.engine.ensure_worker();
    }

    /// Cancels an operation that waits, or asks a running one to stop.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn cancel(&self, id: OperationId) -> Result<CancelOutcome, StoreError> {
        match self.engine.store.cancel(id).await? {
            CancelTransition::Cancelled(row) => {
                record_operation_ended(self.engine.presenter.metric_op_type(&row), row.state());
                self.engine.publisher.publish_row(&row).await;
                Ok(CancelOutcome::Cancelled)
            }
            CancelTransition::Requested(_) => {
                self.engine.request_stop(id).await;
                Ok(CancelOutcome::Requested)
            }
            CancelTransition::Ended(_) => Ok(CancelOutcome::Ended),
            CancelTransition::Unknown => Ok(CancelOutcome::Unknown),
        }
    }

    /// The row of an operation.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn find(&self, id: OperationId) -> Result<Option<Model>, StoreError> {
        self.engine.store.find(id).await
    }

    /// Starts no more operations, lets those that are running end for as long as `grace`, and puts
    /// the rest back into the queue, for whoever starts next; that costs them no attempt. One that
    /// does not stop for another `grace`, because it holds its thread, is left behind: it counts as
    /// lost when its lease runs out.
    ///
    /// Then the pages that are connected are sent away: their sockets close with 1012 and their
    /// event streams end, one after another over at most `grace`, so that they do not all come back
    /// at once. Wake-ups that wait to be [sent](super::WakeUpSender) have 5 seconds.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again; no operation is started any more either way.
    pub async fn shutdown(&self, grace: Duration) {
        let active_runs = &self.engine.active_runs;
        active_runs.slots.close();
        active_runs.closing.cancel();
        active_runs.tasks.close();
        if time::timeout(grace, active_runs.tasks.wait()).await.is_err() {
            active_runs.stop.cancel();
            let hand_back_timeout = grace.max(HAND_BACK_TIMEOUT);
            if time::timeout(hand_back_timeout, active_runs.tasks.wait()).await.is_err() {
                tracing::error!(left = active_runs.tasks.len(), "some runs do not stop");
            }
        }
        active_runs.shut_down.cancel();
        tokio::join!(self.engine.clients.close_gradually(grace), self.engine.wake_up_queue.flush());
    }
}
