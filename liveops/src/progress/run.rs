use super::Progress;
use crate::{
    error::RunResult,
    operation::{LiveOperation, Storable},
};

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
pub trait Run: LiveOperation {
    /// What the operation gives when it finishes: stored as JSON, and shown with the template
    /// [`RESULT_TEMPLATE`](LiveOperation::RESULT_TEMPLATE).
    type Output: Storable;

    /// Does the work, reporting through `p`.
    ///
    /// `Ok` finishes the operation, `Err` fails it, and a panic fails it too. Cancellation is
    /// cooperative: it ends the run at the next `?` on [`Progress::track`],
    /// [`Progress::stage`] or [`Progress::check_cancelled`].
    fn run(&self, p: Progress<Self>) -> impl Future<Output = RunResult<Self::Output>> + Send;
}
