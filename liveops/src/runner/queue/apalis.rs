//! Wake-ups through [apalis](https://docs.rs/apalis), for applications that use it already. Needs the
//! feature `apalis`.
//!
//! Operations stay rows in the application's database. apalis carries a [`WakeUp`] for each waiting
//! operation, so any of its backends works. apalis delivers at least once; an operation is claimed in
//! its row, and so is executed once. A lost message delays an operation until the next
//! [poll](crate::Config::poll_interval) of a process.
//!
//! ```no_run
//! use apalis_core::{backend::ext::BackendExt, worker::builder::WorkerBuilder};
//! use apalis_redis::{Config, RedisStorage};
//! # use std::time::Duration;
//! # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, RunnerKind, store};
//! use liveops::runner::apalis::{ApalisWakeUpSender, WakeUpService};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(LiveOperation, Serialize, Deserialize)]
//! # struct Import;
//! # impl Run for Import {
//! #     type Output = ();
//! #     async fn run(&self, _: Progress<Self>) -> RunResult<()> { Ok(()) }
//! # }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let redis = apalis_redis::connect("redis://127.0.0.1/").await?;
//! // One message at a time: a message fetched by one process is unavailable to the others.
//! let config = Config::default().queue("liveops").batch_size(1);
//! let storage = RedisStorage::new(redis).with_config(config);
//!
//! // In every process: enqueueing an operation wakes a worker.
//! # let db = store::connect("sqlite::memory:").await?;
//! let liveops = LiveOps::builder(db)
//!     .register::<Import>()
//!     .runner(RunnerKind::Worker)
//!     .wake_ups(ApalisWakeUpSender::new(storage.clone()))
//!     .build()?;
//!
//! // In processes that execute operations: an apalis worker, beside the application's own.
//! WorkerBuilder::new(format!("liveops-{}", std::process::id()))
//!     .backend(storage.poll_with_interval(Duration::from_millis(100)))
//!     .build(WakeUpService::new(&liveops))
//!     .run()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! - **Distribution of messages.** A process whose [worker slots](crate::Config::concurrency_max) are
//!   all taken fetches no messages, and leaves them to the other processes. A process acknowledges a
//!   fetched message after it has polled the queue; if the process is killed before that, apalis
//!   delivers the message again.
//! - **One apalis queue for identical processes.** A process acknowledges every message it gets, even
//!   if it does not [take](crate::Config::queues) operations from the queue in question. If some
//!   processes take from some queues only, give each queue its own apalis queue, and write a
//!   [`WakeUpSender`] that chooses by [`WakeUp::queue`].
//! - **Latency.** A wake-up is as fast as the apalis worker receives the message. apalis-postgres
//!   notifies the worker with `with_pubsub`; apalis-redis 1.0 schedules pushed messages without a
//!   notification, so its worker has to poll, as above. A bare backend polls only at its heartbeats,
//!   every 30 seconds.
//! - **Backend failures.** An apalis worker ends with an error when its backend fails or was emptied.
//!   apalis' `Monitor` restarts the worker. The polls of liveops continue meanwhile, and enqueueing
//!   never waits for the backend.
//! - **Completed messages** stay in the backend until its `Vacuum` is called to remove them.

use std::{
    error::Error as StdError,
    fmt,
    task::{Context, Poll},
};

use apalis_core::{
    backend::{BackendConfig, TaskSink},
    error::DeferredError,
    task::Task,
};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tower_service::Service;

use crate::runner::{LiveOps, WakeUp, WakeUpError, WakeUpSender};

/// Sends wake-ups to an apalis backend. The [module](crate::runner::apalis) has an example.
///
/// Clones of the backend must push to the same queue, as those of the backends that come with apalis
/// do. Each send uses a new clone, because an interrupted clone may not push the next task.
pub struct ApalisWakeUpSender<B> {
    backend: B,
}

impl<B> ApalisWakeUpSender<B> {
    /// Returns a sender that pushes to `backend`.
    pub fn new(backend: B) -> Self {
        Self { backend }
    }
}

// Not every backend implements `Debug`.
impl<B> fmt::Debug for ApalisWakeUpSender<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApalisWakeUps").finish_non_exhaustive()
    }
}

#[async_trait]
impl<B> WakeUpSender for ApalisWakeUpSender<B>
where
    B: BackendConfig + TaskSink<WakeUp, <B as BackendConfig>::Kind> + Clone + Send + Sync + 'static,
{
    async fn send(&self, wake_ups: Vec<WakeUp>) -> Result<(), WakeUpError> {
        let mut backend = self.backend.clone();
        backend.push_bulk(wake_ups).await.map_err(WakeUpError::new)
    }
}

/// The service of an apalis worker. A wake-up makes this process [poll](LiveOps::poll_now) the queue,
/// as soon as the process [has a free slot](LiveOps::wait_for_capacity). The
/// [module](crate::runner::apalis) has an example.
pub struct WakeUpService {
    liveops: LiveOps,
    capacity: Option<BoxFuture<'static, bool>>,
}

impl WakeUpService {
    /// Returns the service of this process, and [starts](LiveOps::start_worker) the worker of the
    /// process.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub fn new(liveops: &LiveOps) -> Self {
        liveops.start_worker();
        Self { liveops: liveops.clone(), capacity: None }
    }
}

impl Clone for WakeUpService {
    fn clone(&self) -> Self {
        Self { liveops: self.liveops.clone(), capacity: None }
    }
}

impl fmt::Debug for WakeUpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeUpService").finish_non_exhaustive()
    }
}

impl Service<Task<WakeUp>> for WakeUpService {
    type Response = ();
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = BoxFuture<'static, Result<(), Self::Error>>;

    /// Becomes ready when a worker slot is free; apalis checks this before it fetches a message. Never ready
    /// again after the process was shut down; the apalis worker can still be stopped.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let liveops = &self.liveops;
        let capacity = self.capacity.get_or_insert_with(|| {
            let liveops = liveops.clone();
            Box::pin(async move { liveops.wait_for_capacity().await })
        });
        let Poll::Ready(has_capacity) = capacity.as_mut().poll(context) else {
            return Poll::Pending;
        };
        self.capacity = None;
        if has_capacity { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn call(&mut self, task: Task<WakeUp>) -> Self::Future {
        let liveops = self.liveops.clone();
        Box::pin(async move {
            tracing::debug!(wake_up = ?task.args, "received a wake-up");
            if liveops.poll_now().await {
                return Ok(());
            }
            // apalis delivers the message to another process.
            Err(DeferredError::new("the process is shutting down").into())
        })
    }
}
