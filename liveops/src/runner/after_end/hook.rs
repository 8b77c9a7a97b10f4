//! The receivers of ends, behind one trait.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::Ended;
use crate::{error::RunResult, progress::Run, store::OutboxEntry};

/// Maximum number of dispatches to one receiver at once.
const DISPATCHES_MAX: usize = 16;

/// A function that receives the ends of the operations of type `Op`: every `Fn(Ended<Op>) -> impl Future<Output =
/// RunResult<()>>` that is `Send` and `'static`. [`Builder::on_end`](crate::runner::Builder::on_end) has an example.
pub trait OnEnd<Op: Run>: Fn(Ended<Op>) -> Self::Future + Send + Sync + 'static {
    /// The future of a call.
    type Future: Future<Output = RunResult<()>> + Send + 'static;
}

impl<Op, Hook, Called> OnEnd<Op> for Hook
where
    Op: Run,
    Hook: Fn(Ended<Op>) -> Called + Send + Sync + 'static,
    Called: Future<Output = RunResult<()>> + Send + 'static,
{
    type Future = Called;
}

/// The answer of a receiver.
#[derive(Debug)]
pub(in crate::runner) enum Received {
    /// The receiver has accepted the end.
    Accepted,
    /// The receiver has failed, and gets the end again, after this time at the earliest.
    Failed { error: String, retry_after: Option<Duration> },
    /// The receiver will never accept the end.
    Refused { error: String },
}

impl From<RunResult<()>> for Received {
    fn from(returned: RunResult<()>) -> Self {
        match returned {
            Ok(()) => Self::Accepted,
            Err(error) if error.is_final() => Self::Refused { error: error.traceback() },
            Err(error) => Self::Failed { error: error.traceback(), retry_after: None },
        }
    }
}

/// A receiver of ends.
pub(in crate::runner) trait Receive: Send + Sync {
    /// Passes an end to the receiver.
    fn receive(&self, entry: OutboxEntry) -> BoxFuture<'static, Received>;
}

/// A hook, with the type of its operation erased.
struct Typed<Op, Hook>(Arc<Hook>, std::marker::PhantomData<fn() -> Op>);

impl<Op: Run, Hook: OnEnd<Op>> Receive for Typed<Op, Hook> {
    fn receive(&self, entry: OutboxEntry) -> BoxFuture<'static, Received> {
        let hook = self.0.clone();
        Box::pin(async move {
            match Ended::read(entry) {
                Ok(ended) => hook(ended).await.into(),
                Err(error) => Err(error).into(),
            }
        })
    }
}

/// A receiver with its name in the outbox.
pub(in crate::runner) struct Receiver {
    pub(in crate::runner) name: String,
    /// The value of the label `receiver` of the metrics.
    pub(in crate::runner) label: &'static str,
    /// The dispatches that may begin. One receiver does not occupy those of another.
    pub(in crate::runner) turns: Arc<Semaphore>,
    receive: Arc<dyn Receive>,
}

impl Receiver {
    /// Creates the receiver of the ends of the operations of type `Op`.
    pub(in crate::runner) fn hook<Op: Run>(hook: impl OnEnd<Op>) -> Self {
        let typed = Typed(Arc::new(hook), std::marker::PhantomData);
        Self::new(crate::store::Receivers::hook(Op::OP_TYPE), "hook", Arc::new(typed))
    }

    /// Creates the receiver of a webhook.
    ///
    /// # Errors
    ///
    /// Returns the reason for which the webhook cannot be called.
    #[cfg(feature = "webhooks")]
    pub(in crate::runner) fn webhook(webhook: &crate::webhook::Webhook) -> Result<Self, String> {
        let sender = super::webhook::WebhookSender::new(webhook)?;
        let name = crate::store::Receivers::webhook(sender.name());
        Ok(Self::new(name, "webhook", Arc::new(sender)))
    }

    fn new(name: String, label: &'static str, receive: Arc<dyn Receive>) -> Self {
        Self { name, label, turns: Arc::new(Semaphore::new(DISPATCHES_MAX)), receive }
    }

    /// Passes an end to the receiver. Call and drop the future with the panics caught.
    pub(in crate::runner) fn receive(
        &self,
        entry: OutboxEntry,
    ) -> impl Future<Output = Received> + Send + use<> {
        let receive = self.receive.clone();
        // In the future, so that a panic of the call is caught too.
        async move { receive.receive(entry).await }
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("name", &self.name).finish_non_exhaustive()
    }
}
