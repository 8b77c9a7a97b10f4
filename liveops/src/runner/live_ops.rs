//! `LiveOps`, the handle of an application to its operations.

use std::{sync::Arc, time::Duration};

use tokio::time;

use super::{RunnerKind, engine::Engine};
use crate::{
    access::Viewer,
    channel::{ChannelLayer, Notice},
    event::LogLine,
    language::Language,
    metrics::record_operation_ended,
    operation::{Action, ActionKind, ChannelName, FieldOrder, OperationId, UserId},
    render::Renderer,
    store::{CancelTransition, Columns, ListFilter, Model, Store, StoreError},
};

/// The operations of an application: enqueue, cancel, retry, find. Cheap to clone.
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

/// Maximum wait at shutdown for the calls of hooks that are under way.
const HOOKS_WAIT_MAX: Duration = Duration::from_secs(10);

/// Minimum time that stopped runs have to end at shutdown, also with a shorter
/// [`stop_timeout`](crate::Config::stop_timeout): their endings are committed in this time too.
const STOP_TIMEOUT_MIN: Duration = Duration::from_secs(10);

/// The result of a cancel request. [`LiveOps::cancel`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The operation had not started and is cancelled.
    Cancelled,
    /// The operation is running and was asked to stop.
    Requested,
    /// The operation had already ended.
    Ended,
    /// No operation has this ID.
    Unknown,
}

impl LiveOps {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine: Arc::new(engine) }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Returns the path at which the application mounts the liveops router. The default is `/live`.
    pub fn mount(&self) -> &str {
        self.engine.renderer().mount()
    }

    /// Returns the renderer of the pages. [`Renderer::page`] puts an application's own pages into the
    /// same layout.
    pub fn renderer(&self) -> &Renderer {
        self.engine.renderer()
    }

    /// Returns the missing texts: the operation titles, stage labels and form texts that one of the
    /// application's [languages](crate::runner::Builder::languages) lacks. A test can expect an empty
    /// result.
    #[cfg(feature = "i18n")]
    pub fn missing_texts(&self) -> Vec<crate::language::MissingText> {
        let operations = self.engine.registry.iter();
        let kinds = operations.map(|operation| {
            let form = operation.form.map(crate::form::Form::attributes);
            (&operation.kind, form.unwrap_or_default())
        });
        self.engine.renderer().languages().missing_texts(kinds)
    }

    /// Returns the path that creates operations of this type: it takes the input, and shows the form if
    /// the operation has one.
    pub fn create_url(&self, op_type: &str) -> String {
        self.engine.renderer().create_url(op_type)
    }

    /// Returns the path of an operation's page.
    pub fn url(&self, op_type: &str, id: OperationId) -> String {
        self.engine.renderer().url(op_type, id)
    }

    /// Returns the store, which holds the rows of the operations.
    pub(crate) fn store(&self) -> &Store {
        &self.engine.store
    }

    /// Returns the channel layer, which carries frames between processes.
    pub fn channel_layer(&self) -> &dyn ChannelLayer {
        &*self.engine.publisher.layer
    }

    /// Creates the tables, or migrates them to the current version.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.engine.store.migrate().await
    }

    /// Starts the worker of this process. Call it when the application starts.
    ///
    /// The worker executes the operations that wait now or later, at most
    /// [`concurrency_max`](crate::Config::concurrency_max) at once. A second call does nothing. The
    /// worker stops at [`shutdown`](Self::shutdown), or when the last `LiveOps` of the application is
    /// dropped and no run is left.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub fn start_worker(&self) {
        self.engine.ensure_worker();
    }

    /// Cancels a waiting operation, or asks a running one to stop.
    ///
    /// ```
    /// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, RunnerKind, store};
    /// use liveops::runner::CancelOutcome;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import {
    /// #     file: String,
    /// # }
    /// # impl Run for Import {
    /// #     type Output = ();
    /// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// # let builder = LiveOps::builder(db).register::<Import>().runner(RunnerKind::Worker);
    /// # let liveops = builder.build()?;
    /// # liveops.migrate().await?;
    ///
    /// // The operation waits, because no worker is running.
    /// let id = liveops.enqueue(Import { file: "scores.csv".into() }, "ann").await?;
    /// assert_eq!(liveops.cancel(id).await?, CancelOutcome::Cancelled);
    /// assert_eq!(liveops.cancel(id).await?, CancelOutcome::Ended);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails. On PostgreSQL, the method fails after ten seconds without an answer, and
    /// after five seconds behind a lock. After a lost answer, the operation may be cancelled.
    pub async fn cancel(&self, id: OperationId) -> Result<CancelOutcome, StoreError> {
        self.cancel_by(id, Action::of_application(ActionKind::Cancel)).await
    }

    /// Cancels an operation as [`cancel`](Self::cancel) does, and records this action.
    pub(crate) async fn cancel_by(
        &self,
        id: OperationId,
        action: Action,
    ) -> Result<CancelOutcome, StoreError> {
        match self.engine.store.cancel(id, &action).await? {
            CancelTransition::Cancelled(row) => {
                record_operation_ended(self.engine.presenter.metric_op_type(&row), row.state());
                self.engine.dispatcher.wake();
                self.engine.publisher.publish_row(&row).await;
                if self.engine.runner == RunnerKind::Eager {
                    self.engine.dispatch_all_due().await;
                }
                Ok(CancelOutcome::Cancelled)
            }
            CancelTransition::Requested(row) => {
                self.engine.request_stop(id, row.attempt_number()).await;
                Ok(CancelOutcome::Requested)
            }
            CancelTransition::Ended(_) => Ok(CancelOutcome::Ended),
            CancelTransition::Unknown => Ok(CancelOutcome::Unknown),
        }
    }

    /// Returns the row of an operation; `None` if no operation has this ID.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn find(&self, id: OperationId) -> Result<Option<Model>, StoreError> {
        self.engine.store.find(id).await
    }

    /// Returns the newest lines of the log of an operation since its newest retry: at most 1,000 lines, or 1 MiB. Empty
    /// if no operation has this ID. The lines of a run in another process follow its heartbeat, a third of the lease
    /// later at most.
    ///
    /// The route `log` of the operation has all lines.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn log(&self, id: OperationId) -> Result<Vec<LogLine>, StoreError> {
        let tail = match self.engine.active_runs.projection(id) {
            Some(live) => live.log,
            None => match self.find(id).await? {
                Some(row) => self.engine.store.log_tail(&row).await?,
                None => return Ok(Vec::new()),
            },
        };
        Ok(tail.iter().map(|(_, line)| LogLine::clone(line)).collect())
    }

    /// Returns `true` if `viewer` may see the operation and everything that belongs to the operation, as the [access
    /// policy](super::Builder::access_policy) decides. Use this method in routes of the application, for example to
    /// serve a file that an operation has created.
    ///
    /// ```
    /// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, store};
    /// use liveops::{OperationId, Viewer, store::{Model, StoreError}};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Report;
    /// # impl Run for Report {
    /// #     type Output = ();
    /// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
    /// #         Ok(())
    /// #     }
    /// # }
    ///
    /// /// Returns `None` for a missing operation and for an operation of another owner.
    /// async fn find(
    ///     liveops: &LiveOps,
    ///     viewer: &Viewer,
    ///     id: OperationId,
    /// ) -> Result<Option<Model>, StoreError> {
    ///     Ok(liveops.find(id).await?.filter(|row| liveops.may_see(viewer, row)))
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// # let liveops = LiveOps::builder(db).register::<Report>().build()?;
    /// # liveops.migrate().await?;
    /// let id = liveops.enqueue(Report, "ann").await?;
    /// assert!(find(&liveops, &Viewer::new("ann"), id).await?.is_some());
    /// assert!(find(&liveops, &Viewer::new("ben"), id).await?.is_none());
    /// assert!(find(&liveops, &Viewer::new("admin").with_staff(true), id).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn may_see(&self, viewer: &Viewer, row: &Model) -> bool {
        self.engine.access.may_see(viewer, row)
    }

    /// Ends every WebSocket and event stream that the viewer with this ID has now, in all processes. Call this method
    /// when a user signs out, or loses rights such as the staff flag.
    ///
    /// WebSockets close with code 4401. An open page then requests a new token, which the application refuses to a user
    /// who has signed out; a user with fewer rights gets tokens for what the user may still see. Call this method after
    /// you have changed the session, so that a page that reconnects at once gets the new rights.
    ///
    /// The method notifies other processes over the channel layer. A process without a connection to the layer misses
    /// the notification. A connection that opened shortly before this call, with the old session, may also stay open.
    /// An [access policy](crate::access::AccessPolicy) ends such connections, because liveops asks the policy again at
    /// every keepalive.
    ///
    /// ```
    /// # use liveops::LiveOps;
    /// async fn sign_out(liveops: &LiveOps, user: &str) {
    ///     // The application deletes the session here.
    ///     liveops.disconnect(&user.into()).await;
    /// }
    /// ```
    pub async fn disconnect(&self, viewer: &UserId) {
        self.engine.clients.disconnect(viewer);
        let disconnect = Notice::Disconnect(viewer.clone());
        self.engine.publisher.notify(&ChannelName::workers(), disconnect).await;
    }

    /// Receives the notifications of other processes from now on.
    pub(crate) fn ensure_notifications(&self) {
        self.engine.ensure_notifications();
    }

    /// Lists at most `limit` operations, newest first by default.
    ///
    /// ```
    /// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, store::{self, ListFilter}};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import {
    /// #     file: String,
    /// # }
    /// # impl Run for Import {
    /// #     type Output = ();
    /// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// # let liveops = LiveOps::builder(db).register::<Import>().build()?;
    /// # liveops.migrate().await?;
    /// liveops.enqueue(Import { file: "scores.csv".into() }, "ann").await?;
    ///
    /// let anns_imports = ListFilter::new().with_owner("ann").with_op_type(Import::OP_TYPE);
    /// let newest = liveops.list(&anns_imports, 1).await?.pop().expect("Ann has started one");
    /// assert_eq!(newest.input["file"], "scores.csv");
    /// assert_eq!(liveops.count(&anns_imports).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn list(&self, filter: &ListFilter, limit: u64) -> Result<Vec<Model>, StoreError> {
        self.engine.store.list(filter, limit, Columns::All).await
    }

    /// Counts the operations in a list, on all of its pages: the [cursor](ListFilter::cursor) of the filter
    /// has no effect.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn count(&self, filter: &ListFilter) -> Result<u64, StoreError> {
        self.engine.store.count(filter).await
    }

    /// Returns the title of an operation type in `language`. Returns `None` for a type that is not
    /// registered.
    pub fn title(&self, op_type: &str, language: &Language) -> Option<String> {
        let operation = self.engine.registry.find(op_type)?;
        Some(language.title(&operation.kind).into_owned())
    }

    /// Returns the title of an operation in its owner's language, after its
    /// [description](crate::operation::keys::describe) if it has one: "Scores of june.csv – Score import". Returns the
    /// op type for a type that is not registered. Use this method for an email, or in a list of your own.
    pub fn title_of(&self, row: &Model) -> String {
        let presenter = &self.engine.presenter;
        let language = presenter.language(row);
        let title = language.title(&presenter.kind_of(row));
        match &row.description {
            Some(description) => format!("{description} – {title}"),
            None => title.into_owned(),
        }
    }

    /// Returns the result of an operation as plain text, in the owner's language: its template
    /// ([`Templates::result_text`](crate::Templates::result_text)), or else one line for each field. Returns
    /// `None` without a result, and for a type that is not registered.
    pub fn result_text(&self, row: &Model) -> Option<String> {
        let output = row.result_context.as_ref()?;
        let kind = self.engine.presenter.registered_kind_of(row)?;
        let order = FieldOrder::from_column(row.result_order.as_ref());
        Some(self.engine.presenter.renderer_for_row(row).result_text(&kind, output, &order))
    }

    /// Shuts this process down: stops its worker, then closes its client connections.
    ///
    /// The worker starts no more operations. Runs have `grace` to end; the default of the
    /// [command line](crate::cli::App::grace) is 25 seconds. Then the other runs are stopped:
    ///
    /// - An operation that may make another attempt goes back into the queue, and so does an operation with
    ///   [`on_shutdown = "requeue"`](crate::operation::keys::on_shutdown). This costs no attempt, and happens
    ///   at most [`hand_backs_max`](crate::Config::hand_backs_max) times. The next run continues the log.
    /// - Every other operation ends with the error "Interrupted by a restart.", and its owner can retry it.
    ///
    /// A run that holds its thread, or a closure of [`Progress::spawn_blocking`](crate::Progress::spawn_blocking),
    /// cannot be stopped. The method waits for [`stop_timeout`](crate::Config::stop_timeout) (at least
    /// 10 seconds) until such a run has ended, and then returns. The operation neither ends nor goes back
    /// into the queue while its code executes in this process. If the process exits first, the lease expires,
    /// and another worker rescues the operation as after a crash. A program should therefore exit soon
    /// after this method, and not wait for blocking threads as the end of `#[tokio::main]` does:
    /// `Runtime::shutdown_timeout` limits the wait.
    ///
    /// The hooks of the operations that have ended ([`on_end`](super::Builder::on_end)) have 10 seconds to return.
    /// Another process, or the next start, calls the others again.
    ///
    /// Then the clients are disconnected, one after another over at most `grace`, so that they do not
    /// all reconnect at once: WebSockets close with code 1012, and event streams end. Waiting wake-ups
    /// have 5 seconds to be [sent](super::WakeUpSender). At last, the write-ahead log of a SQLite file is
    /// written into the file, so that a copy of the file alone is complete, unless another process uses the
    /// file.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the method can be called again. The process starts no more operations after the
    /// first call. After a call that was not dropped, the next one does not wait for runs again.
    pub async fn shutdown(&self, grace: Duration) {
        let active_runs = &self.engine.active_runs;
        active_runs.slots.close();
        active_runs.closing.cancel();
        active_runs.tasks.close();
        // An earlier call has waited for the runs that do not stop.
        let has_waited = active_runs.shut_down.is_cancelled();
        if !has_waited && time::timeout(grace, active_runs.tasks.wait()).await.is_err() {
            active_runs.stop.cancel();
            let stop_timeout = self.engine.config.stop_timeout.max(STOP_TIMEOUT_MIN);
            if time::timeout(stop_timeout, active_runs.tasks.wait()).await.is_err() {
                tracing::warn!(
                    runs = active_runs.tasks.len(),
                    "could not stop all runs within {stop_timeout:?}; leaving them to this process, or \
                     to other workers when their leases expire"
                );
            }
        }
        self.engine.dispatcher.finish(self.engine.config.hook_timeout.min(HOOKS_WAIT_MAX)).await;
        active_runs.shut_down.cancel();
        tokio::join!(self.engine.clients.close_gradually(grace), self.engine.wake_up_queue.flush());
        self.engine.store.fold_log_into_file().await;
    }
}
