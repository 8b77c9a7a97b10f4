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
    message = "`{Self}` does not say how it runs",
    label = "`Run` is not implemented",
    note = "write `impl Run for {Self} {{ type Output = …; async fn run(&self, p: Progress<Self>) -> RunResult<Self::Output> {{ … }} }}`"
)]
pub trait Run: OptionalForm {
    /// What the operation gives when it finishes: stored as JSON, and shown with the template
    /// [`RESULT_TEMPLATE`](crate::operation::LiveOperation::RESULT_TEMPLATE).
    type Output: Storable;

    /// Does the work, reporting through `p`.
    ///
    /// `Ok` finishes the operation, `Err` fails it, and a panic fails it too; an operation that may be
    /// attempted more often is, after a while. Cancellation is cooperative: it ends the run at the
    /// next `?` on [`Progress::track`], [`Progress::stage`] or [`Progress::check_cancelled`]; with
    /// `#[liveop(cancel = "abort")]` the future is dropped if it did not end after a while.
    ///
    /// What computes for long or waits for a file belongs into [`tokio::task::spawn_blocking`], with a
    /// clone of `p`. A run that holds its thread also holds up whatever else is to be done on it, which
    /// may be showing what it reports.
    fn run(&self, p: Progress<Self>) -> impl Future<Output = RunResult<Self::Output>> + Send;

    /// Called when a user retries the operation, in the transaction that puts it back into the queue:
    /// for taking back what the run before left behind. Does nothing unless written.
    ///
    /// An `Err` refuses the retry, and the operation stays as it ended; the user reads the message of
    /// a [`RunError::user`](crate::RunError::user). With SQLite in memory the transaction holds the
    /// only connection there is: whatever else asks for one waits in vain.
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
    fn on_retry(
        &self,
        retry: RetryContext<'_, Self>,
    ) -> impl Future<Output = RunResult<()>> + Send {
        let _ = retry;
        async { Ok(()) }
    }
}
