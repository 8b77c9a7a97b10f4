//! The trait [`Run`]: the work of an operation.

use super::{Progress, RetryContext};
use crate::{error::RunResult, form::OptionalForm, operation::Storable};

/// The work of an operation: one async method.
///
/// Write `async fn run(&self, p: Progress<Self>) -> RunResult<Output>`; the future must be `Send`.
///
/// ```
/// use liveops::{LiveOperation, Progress, Run, RunResult};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[stages("Count")]
/// #[liveop(app = "demo")]
/// struct WordCount {
///     text: String,
/// }
///
/// impl Run for WordCount {
///     type Output = usize;
///
///     async fn run(&self, p: Progress<Self>) -> RunResult<usize> {
///         p.stage(WordCountStage::Count, async {
///             let mut words = 0;
///             for word in p.track(self.text.split_whitespace()) {
///                 word?;
///                 words += 1;
///             }
///             Ok(words)
///         })
///         .await
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Run`",
    label = "expected an operation with a `run` method",
    note = "write `impl Run for {Self} {{ type Output = …; async fn run(&self, p: Progress<Self>) -> RunResult<Self::Output> {{ … }} }}`"
)]
pub trait Run: OptionalForm {
    /// The output of a finished operation: stored as JSON, and shown with the template
    /// [`RESULT_TEMPLATE`](crate::operation::LiveOperation::RESULT_TEMPLATE).
    type Output: Storable;

    /// Does the work and reports through `p`.
    ///
    /// `Ok` finishes the operation; `Err` or a panic fails it. A failed attempt with attempts left is
    /// followed by another one after a delay. Cancellation is cooperative: the run ends at the next `?` on
    /// [`Progress::track`], [`Progress::stage`] or [`Progress::check_cancelled`]. With
    /// `#[liveop(cancel = "abort")]` the future is dropped if the run has not ended after a grace period.
    ///
    /// A worker polls its runs on separate threads, within the tokio runtime on which the worker was started. After an
    /// `.await`, a run may continue on another thread. A run that blocks its thread delays no other run and no page,
    /// because the worker starts more threads. But liveops cannot stop a run while it blocks, and logs a warning after
    /// a second. Long computations and blocking calls therefore belong in [`Progress::spawn_blocking`], with a clone of
    /// `p`. Eager runs and test runs share the thread of their caller.
    fn run(&self, p: Progress<Self>) -> impl Future<Output = RunResult<Self::Output>> + Send;

    /// Prepares a user's retry, in the transaction that puts the operation back into the queue. Use this
    /// method to undo the effects of the earlier run. The default does nothing.
    ///
    /// On PostgreSQL the method runs again, in a new transaction, if its transaction loses a conflict with another
    /// one. Effects outside of the transaction then happen twice.
    ///
    /// On a SQLite file the transaction holds the lock of the file: other requests read meanwhile, and those that
    /// write wait for ten seconds at most. A query outside the transaction that writes would wait for the lock,
    /// and then fail.
    ///
    /// With SQLite in memory the transaction holds the only connection: a query outside the transaction waits
    /// for this connection and never gets it.
    ///
    /// ```
    /// use liveops::{LiveOperation, Progress, RetryContext, Run, RunError, RunResult};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(LiveOperation, Serialize, Deserialize)]
    /// #[liveop(app = "demo")]
    /// struct Payment {
    ///     cents: u64,
    /// }
    ///
    /// impl Run for Payment {
    ///     type Output = ();
    ///
    ///     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
    ///         Ok(())
    ///     }
    ///
    ///     async fn on_retry(&self, _: RetryContext<'_, Self>) -> RunResult<()> {
    ///         Err(RunError::user("A payment is made once"))
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// An `Err` refuses the retry, and the operation keeps its ended state; the user reads the message of a
    /// [`RunError::user`](crate::RunError::user).
    ///
    /// # Panics
    ///
    /// A panic refuses the retry like an internal error: it is logged, and the user reads that something went
    /// wrong.
    fn on_retry(
        &self,
        retry: RetryContext<'_, Self>,
    ) -> impl Future<Output = RunResult<()>> + Send {
        let _ = retry;
        async { Ok(()) }
    }
}
