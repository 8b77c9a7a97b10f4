use std::{fmt, marker::PhantomData, sync::Arc};

use futures_util::Stream;

use super::{
    Report, Run, StageOutputs, Track, TrackStream, WebProgress, durable_stage::DurableStage,
    stage_guard::StageGuard,
};
use crate::{
    error::{Cancelled, RunResult},
    event::Level,
    language::Language,
    operation::{
        Attempt, LiveOperation, NewOperation, OperationId, Stage, StageToken, Storable, UserId,
    },
    render::Templates,
};

/// How a run tells what it is doing, and hears that it should stop.
///
/// Cheap to clone, `Send + Sync`, and usable from async code, `spawn_blocking`, threads and rayon
/// alike. Reporting never waits and never fails: reports are folded into one picture, of which
/// those who watch see the newest a bounded number of times a second. An update that is overtaken
/// by another one is not shown, log lines excepted.
pub struct Progress<Op: LiveOperation> {
    report: Arc<Report>,
    context: Arc<RunContext>,
    state: Arc<Op::State>,
    operation: PhantomData<fn() -> Op>,
}

/// What a run may know of its own row.
#[derive(Debug)]
pub(crate) struct RunContext {
    pub(crate) id: OperationId,
    pub(crate) owner: UserId,
    pub(crate) attempt: Attempt,
    pub(crate) language: Language,
    pub(crate) stage_outputs: Arc<StageOutputs>,
    /// What makes HTML for a browser; `None` where a terminal is watching.
    pub(crate) web: Option<Arc<Templates>>,
}

impl<Op: LiveOperation> Progress<Op> {
    pub(crate) fn new(
        report: Arc<Report>,
        context: Arc<RunContext>,
        state: Arc<Op::State>,
    ) -> Self {
        Self { report, context, state, operation: PhantomData }
    }

    /// Sets the status line, to the first KiB of `text` where it is longer.
    pub fn status(&self, text: impl AsRef<str>) {
        self.report.status(Level::Info, text.as_ref());
    }

    /// Sets the status line to a warning.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.report.status(Level::Warning, text.as_ref());
    }

    /// Sets the status line to an error, which does not end the run.
    pub fn error_status(&self, text: impl AsRef<str>) {
        self.report.status(Level::Error, text.as_ref());
    }

    /// Sets the bar to a part of the whole, from 0 to 100. Other values are clamped; NaN is
    /// ignored.
    pub fn percent(&self, percent: f64) {
        self.report.counter().percent(percent);
        self.report.touch();
    }

    /// Sets the bar to `done` of `total`.
    pub fn set(&self, done: u64, total: u64) {
        self.report.counter().set(done, Some(total));
        self.report.touch();
    }

    /// Moves the bar on by `by`. A bar that had no count starts one at 0, of an unknown total.
    pub fn inc(&self, by: u64) {
        self.report.counter().inc(by);
        self.report.touch();
    }

    /// Goes through `items` with the bar, and ends with [`Cancelled`] when the run is asked to
    /// stop: `for row in p.track(rows) { let row = row?; … }`.
    ///
    /// Lazy: nothing is collected. The bar has a total when the iterator knows its length; see
    /// [`Track::total`] otherwise.
    pub fn track<I: IntoIterator>(&self, items: I) -> Track<I::IntoIter> {
        Track::new(self.report.clone(), items.into_iter())
    }

    /// Goes through a stream with the bar, as [`track`](Self::track) does through an iterator.
    /// Cancellation also ends a stream that is waiting for its next item.
    pub fn track_stream<S: Stream>(&self, items: S) -> TrackStream<S> {
        TrackStream::new(self.report.clone(), items)
    }

    /// Adds a line to the log, or its first 8 KiB where it is longer.
    ///
    /// The log keeps its newest 1,000 lines, and fewer where those have more than a MiB together.
    pub fn log(&self, line: impl Into<String>) {
        self.report.log(Level::Info, line.into());
    }

    /// Adds a warning to the log.
    pub fn log_warn(&self, line: impl Into<String>) {
        self.report.log(Level::Warning, line.into());
    }

    /// Adds an error to the log.
    pub fn log_error(&self, line: impl Into<String>) {
        self.report.log(Level::Error, line.into());
    }

    /// Does `work` as one stage: the stepper shows the stage as active, then as done, failed or
    /// cancelled, and the bar starts afresh.
    ///
    /// # Errors
    ///
    /// Whatever `work` ends with, and [`Cancelled`] when the run was asked to stop before the stage
    /// began.
    ///
    /// # Cancel safety
    ///
    /// A stage whose future is dropped, or that panics, is shown as failed.
    pub async fn stage<T>(
        &self,
        stage: Op::Stage,
        work: impl Future<Output = RunResult<T>>,
    ) -> RunResult<T> {
        self.check_cancelled()?;
        let guard = StageGuard::enter(&self.report, stage.index());
        let result = work.await;
        guard.leave(&result);
        result
    }

    /// Does `work` as one stage, like [`stage`](Self::stage), and saves its output: a later attempt
    /// gets the saved output without running `work` again, and the stepper shows the stage as done
    /// and reused.
    ///
    /// For stages that take long, cost money or must not be repeated, in an operation that may be run
    /// again: after its worker was killed or stopped, after an error when it has
    /// [`max_attempts`](crate::operation::keys::max_attempts), and when somebody retries it after it
    /// failed or was cancelled. Outputs are kept until the operation finishes, so a retry of one that
    /// has finished runs all of it.
    ///
    /// ```
    /// # use liveops::{LiveOperation, Progress, Run, RunResult};
    /// # use serde::{Deserialize, Serialize};
    /// # async fn charge(_: &str) -> RunResult<String> { Ok("receipt".into()) }
    /// # async fn send(_: &str) -> RunResult<()> { Ok(()) }
    /// #[derive(LiveOperation, Serialize, Deserialize)]
    /// #[stages("Charge", "Send")]
    /// #[liveop(max_attempts = 5)]
    /// struct Order {
    ///     card: String,
    /// }
    ///
    /// impl Run for Order {
    ///     type Output = ();
    ///
    ///     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
    ///         // Once it is paid, no attempt charges the card again.
    ///         let receipt = p.stage_once(OrderStage::Charge, charge(&self.card)).await?;
    ///         p.stage(OrderStage::Send, send(&receipt)).await
    ///     }
    /// }
    /// # #[tokio::main]
    /// # async fn main() {
    /// #     liveops::testing::run(Order { card: String::new() }).await.result.unwrap();
    /// # }
    /// ```
    ///
    /// A process that dies after `work` is done and before its output is saved has to run it again:
    /// what must not happen twice needs a key that the other side knows, such as [`id`](Self::id).
    ///
    /// The output is saved under the label of the stage, as at most 4 MiB of JSON. What is given here
    /// has been through JSON too, so that all attempts go on with the same.
    ///
    /// # Errors
    ///
    /// Those of [`stage`](Self::stage), and internal errors that no other attempt follows, when
    ///
    /// - the stage has been entered with `stage_once` in this run before;
    /// - the output is too large, does not serialize, or does not read back as what it was;
    /// - the output that was saved does not fit its type, which has changed since. Then let the type
    ///   read the form it had, or give the stage another label;
    /// - somebody else has taken the operation over, after this process was silent for too long. The
    ///   output is not saved, and nothing this run does counts any more.
    ///
    /// A database that fails is asked again for as long as the run goes on.
    ///
    /// # Panics
    ///
    /// When `work` does; then nothing is saved, and the stage is shown as failed.
    ///
    /// # Cancel safety
    ///
    /// A stage whose future is dropped is shown as failed. Its output is saved if saving it had begun,
    /// and not otherwise.
    pub async fn stage_once<T: Storable>(
        &self,
        stage: Op::Stage,
        work: impl Future<Output = RunResult<T>>,
    ) -> RunResult<T> {
        self.check_cancelled()?;
        let outputs = &self.context.stage_outputs;
        let durable = DurableStage::enter(outputs, Op::OP_TYPE, stage.name())?;
        let guard = StageGuard::enter(&self.report, stage.index());
        let result = match durable.earlier().await {
            Ok(Some(output)) => {
                guard.leave_reused();
                return Ok(output);
            }
            Ok(None) => match work.await {
                Ok(output) => durable.save(output).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        guard.leave(&result);
        result
    }

    /// Does `work` as the stage that `token` is for, as [`stage`](Self::stage) does.
    ///
    /// # Errors
    ///
    /// Those of [`stage`](Self::stage).
    ///
    /// # Cancel safety
    ///
    /// That of [`stage`](Self::stage).
    pub async fn enter<T>(
        &self,
        token: StageToken<Op::Stage>,
        work: impl Future<Output = RunResult<T>>,
    ) -> RunResult<T> {
        self.stage(token.into_stage(), work).await
    }

    /// One token for each stage, for those who want the compiler to check that every stage is
    /// entered, and none twice.
    ///
    /// The tokens come in a struct that the derive makes, with a field for each stage. Take it
    /// apart: a stage that is left out of the pattern is an error, one that is not entered is an
    /// unused variable, and a second use of a token is a use after a move.
    ///
    /// ```
    /// use liveops::{LiveOperation, Progress, Run, RunResult};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(LiveOperation, Serialize, Deserialize)]
    /// #[stages("Load", "Count words")]
    /// struct WordCount {
    ///     file: String,
    /// }
    ///
    /// impl Run for WordCount {
    ///     type Output = usize;
    ///
    ///     async fn run(&self, p: Progress<Self>) -> RunResult<usize> {
    ///         let WordCountStages { load, count_words } = p.stages();
    ///
    ///         let text =
    ///             p.enter(load, async { Ok(std::fs::read_to_string(&self.file)?) }).await?;
    ///         p.enter(count_words, async { Ok(text.split_whitespace().count()) }).await
    ///     }
    /// }
    /// ```
    ///
    /// A stage that is entered in a loop, or from several places, is entered with
    /// [`stage`](Self::stage) instead.
    #[must_use]
    pub fn stages(&self) -> <Op::Stage as Stage>::Tokens {
        <Op::Stage as Stage>::tokens()
    }

    /// Hands over to `next`: when this run returns `Ok`, `next` is enqueued for the same owner in
    /// the transaction that finishes this one, and the page moves over to it in place.
    ///
    /// The last call counts.
    pub fn chain_to<Next: Run>(&self, next: Next) {
        let next = NewOperation::new(&next, self.context.owner.clone()).map(|mut new| {
            self.context.language.tag().clone_into(&mut new.language);
            new.chained_from = Some(self.context.id);
            new
        });
        self.report.chain_to(next);
    }

    /// Ends the run when it was asked to stop: `p.check_cancelled()?`.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] when it was.
    pub fn check_cancelled(&self) -> Result<(), Cancelled> {
        self.report.check_cancelled()
    }

    /// Waits until the run is asked to stop; for `tokio::select!`.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again at any time.
    pub async fn cancelled(&self) {
        self.report.cancellation.token().cancelled().await;
    }

    /// The application's state, of the type that `#[liveop(state = …)]` names.
    pub fn state(&self) -> &Op::State {
        &self.state
    }

    /// The id of this operation.
    pub fn id(&self) -> OperationId {
        self.context.id
    }

    /// Whose operation this is.
    pub fn owner(&self) -> &UserId {
        &self.context.owner
    }

    /// Which execution of the operation this is.
    pub fn attempt(&self) -> Attempt {
        self.context.attempt
    }

    /// The language the owner reads: the one in which the operation was started.
    ///
    /// ```
    /// # use liveops::{LiveOperation, Progress, Run, RunResult};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import;
    /// # impl Run for Import {
    /// #     type Output = ();
    /// #     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
    /// let rows = 1_234_u64;
    /// let saved = p.language().text("rows-saved", [("rows", rows.into())]);
    /// p.status(saved.unwrap_or_else(|| format!("{rows} rows saved")));
    /// #         Ok(())
    /// #     }
    /// # }
    /// ```
    pub fn language(&self) -> &Language {
        &self.context.language
    }

    /// What only a browser can show; `None` in a terminal.
    pub fn web(&self) -> Option<WebProgress> {
        let templates = self.context.web.clone()?;
        Some(WebProgress::new(self.report.clone(), templates, Op::fragment_template))
    }
}

impl<Op: LiveOperation> Clone for Progress<Op> {
    fn clone(&self) -> Self {
        Self {
            report: self.report.clone(),
            context: self.context.clone(),
            state: self.state.clone(),
            operation: PhantomData,
        }
    }
}

impl<Op: LiveOperation> fmt::Debug for Progress<Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("op_type", &Op::OP_TYPE)
            .field("id", &self.context.id)
            .finish()
    }
}
