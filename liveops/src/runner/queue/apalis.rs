//! Wake-ups by way of [apalis](https://docs.rs/apalis), for applications that run it anyway; the
//! feature `apalis`.
//!
//! Operations stay rows in the application's database. What goes through apalis is a [`WakeUp`] for
//! each that waits, and so any of its backends will do. apalis delivers at least once; what is
//! executed is claimed in the row, and so is executed once. A message that is lost costs the time
//! until some process next [polls](crate::Config::poll_interval).
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
//! // One message at a time: what a process has fetched, no other gets.
//! let config = Config::default().queue("liveops").batch_size(1);
//! let storage = RedisStorage::new(redis).with_config(config);
//!
//! // In every process: whoever enqueues something wakes somebody.
//! # let db = store::connect("sqlite::memory:").await?;
//! let liveops = LiveOps::builder(db)
//!     .register::<Import>()
//!     .runner(RunnerKind::Worker)
//!     .wake_ups(ApalisWakeUpSender::new(storage.clone()))
//!     .build()?;
//!
//! // In those that execute operations: an apalis worker, beside what others there are.
//! WorkerBuilder::new(format!("liveops-{}", std::process::id()))
//!     .backend(storage.poll_with_interval(Duration::from_millis(100)))
//!     .build(WakeUpService::new(&liveops))
//!     .run()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! - **Who gets a message.** A process whose [places](crate::Config::concurrency_max) are all taken
//!   fetches none, and so leaves them to the others. One that has fetched a message acknowledges it
//!   when it has looked at the queue; killed before that, apalis delivers it once more.
//! - **One apalis queue for processes that are alike.** A message is acknowledged by whoever gets it,
//!   also where that process does not [take](crate::Config::queues) from the queue in question. Where
//!   some processes take from some queues only, give each queue one in apalis, and
//!   [`WakeUpSender`] of your own which choose by [`WakeUp::queue`].
//! - **How fast.** As fast as the apalis worker hears of a message. apalis-postgres tells it with
//!   `with_pubsub`; apalis-redis 1.0 schedules what is pushed and publishes nothing then, so there it
//!   has to ask, as above. A bare backend asks at its heartbeats only, every 30 seconds.
//! - **An apalis worker ends with an error when its backend fails** or was emptied. apalis' `Monitor`
//!   starts it again. Polls go on meanwhile, and whoever enqueues never waits for the backend.
//! - **Messages that are done** stay in the backend until its `Vacuum` is asked to remove them.

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

/// Hands wake-ups over to an apalis backend.
///
/// Its clones have to push to the same place, as those of the backends that come with apalis do. A
/// new clone pushes each time, as one that was interrupted may not push the next task.
pub struct ApalisWakeUpSender<B> {
    backend: B,
}

impl<B> ApalisWakeUpSender<B> {
    /// Pushes to this backend.
    pub fn new(backend: B) -> Self {
        Self { backend }
    }
}

// Not every backend can be shown.
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

/// What an apalis worker does with wake-ups: it has this process [poll_now](LiveOps::poll_now), when this
/// process [has a capacity](LiveOps::wait_for_capacity).
pub struct WakeUpService {
    liveops: LiveOps,
    capacity: Option<BoxFuture<'static, bool>>,
}

impl WakeUpService {
    /// For this process, whose worker it [starts](LiveOps::start_worker).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
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

    /// Ready when there is a place, which apalis asks before it fetches anything. Never ready again
    /// once the process is shut down; the apalis worker can be stopped all the same.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let liveops = &self.liveops;
        let capacity = self.capacity.get_or_insert_with(|| {
            let liveops = liveops.clone();
            Box::pin(async move { liveops.wait_for_capacity().await })
        });
        let Poll::Ready(wait_for_capacity) = capacity.as_mut().poll(context) else {
            return Poll::Pending;
        };
        self.capacity = None;
        if wait_for_capacity { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn call(&mut self, task: Task<WakeUp>) -> Self::Future {
        let liveops = self.liveops.clone();
        Box::pin(async move {
            tracing::debug!(wake_up = ?task.args, "was woken");
            if liveops.poll_now().await {
                return Ok(());
            }
            // Goes to somebody else.
            Err(DeferredError::new("the process is shutting down").into())
        })
    }
}
