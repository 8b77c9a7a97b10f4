//! The handle [`Progress`] that a run receives: reports, stages, cancellation and facts about the operation.

use std::{fmt, marker::PhantomData, sync::Arc};

use futures_util::Stream;

use super::{
    BlockingTasks, Report, Run, StageOutputs, Track, TrackStream, WebProgress,
    durable_stage::DurableStage, stage_guard::StageGuard,
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

/// The handle through which a run reports its progress and receives cancellation.
///
/// Cheap to clone, `Send + Sync`, and usable from async code, `spawn_blocking`, threads and rayon. Reporting
/// never waits and never fails. Reports are folded into one projection, and clients receive its newest state
/// a limited number of times a second. An update that is replaced before it is sent is not shown; log lines
/// are always shown.
///
/// ```
/// use liveops::{LiveOperation, Progress, Run, RunResult};
/// # use liveops::testing;
/// # use serde::{Deserialize, Serialize};
///
/// # #[derive(LiveOperation, Serialize, Deserialize)]
/// # #[stages("Save")]
/// # struct Import {
/// #     csv: String,
/// # }
/// impl Run for Import {
///     type Output = ();
///
///     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
///         p.stage(ImportStage::Save, async {
///             for row in p.track(self.csv.lines()).unit("rows") {
///                 p.log(row?); // `?` ends the run after a cancellation
///             }
///             p.status("all rows are saved");
///             Ok(())
///         })
///         .await
///     }
/// }
/// # #[tokio::main]
/// # async fn main() {
/// #     let recording = testing::run(Import { csv: "ann,3\nbob,5".into() }).await;
/// #     assert_eq!(recording.log(), ["ann,3", "bob,5"]);
/// #     assert_eq!(recording.statuses(), ["all rows are saved"]);
/// # }
/// ```
pub struct Progress<Op: LiveOperation> {
    report: Arc<Report>,
    context: Arc<RunContext>,
    state: Arc<Op::State>,
    operation: PhantomData<fn() -> Op>,
}

/// The facts about an operation that its run can read.
#[derive(Debug)]
pub(crate) struct RunContext {
    pub(crate) id: OperationId,
    pub(crate) owner: UserId,
    pub(crate) attempt: Attempt,
    pub(crate) language: Language,
    pub(crate) stage_outputs: Arc<StageOutputs>,
    pub(crate) blocking_tasks: BlockingTasks,
    /// The templates for HTML in a browser; `None` in a terminal.
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

    /// Sets the status line. Only the first KiB of a longer `text` is kept.
    pub fn status(&self, text: impl AsRef<str>) {
        self.report.status(Level::Info, text.as_ref());
    }

    /// Sets the status line, as a warning.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.report.status(Level::Warning, text.as_ref());
    }

    /// Sets the status line, as an error. The run continues.
    pub fn error_status(&self, text: impl AsRef<str>) {
        self.report.status(Level::Error, text.as_ref());
    }

    /// Sets the bar to a percentage from 0 to 100. Other values are clamped; NaN is ignored.
    pub fn percent(&self, percent: f64) {
        self.report.counter().percent(percent);
        self.report.touch();
    }

    /// Sets the bar to `done` of `total`.
    pub fn set(&self, done: u64, total: u64) {
        self.report.counter().set(done, Some(total));
        self.report.touch();
    }

    /// Adds `by` to the count of the bar. A bar without a count starts at 0 with an unknown total.
    pub fn inc(&self, by: u64) {
        self.report.counter().inc(by);
        self.report.touch();
    }

    /// Iterates over `items`, moves the bar, and ends with [`Cancelled`] after a cancellation request:
    /// `for row in p.track(rows) { let row = row?; … }`.
    ///
    /// The iterator is lazy and collects nothing. The bar has a total if the iterator knows its length;
    /// otherwise see [`Track::total`].
    ///
    /// ```
    /// # use liveops::{LiveOperation, Progress, Run, RunResult};
    /// # use serde::{Deserialize, Serialize};
    /// # async fn save(_: &str) -> RunResult<()> { Ok(()) }
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import;
    /// # impl Run for Import {
    /// #     type Output = ();
    /// #     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
    /// let rows = ["ann,3", "bob,5"];
    /// for row in p.track(rows).label("scores.csv").unit("rows") {
    ///     save(row?).await?;
    /// }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() {
    /// #     liveops::testing::run(Import).await.result.unwrap();
    /// # }
    /// ```
    pub fn track<I: IntoIterator>(&self, items: I) -> Track<I::IntoIter> {
        Track::new(self.report.clone(), items.into_iter())
    }

    /// Wraps a stream as [`track`](Self::track) wraps an iterator. Cancellation also ends a stream that waits
    /// for its next item.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// # use liveops::{LiveOperation, Progress, Run, RunResult};
    /// # use serde::{Deserialize, Serialize};
    /// # async fn save(_: &str) -> RunResult<()> { Ok(()) }
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import;
    /// # impl Run for Import {
    /// #     type Output = ();
    /// #     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
    ///
    /// let rows = stream::iter(["ann,3", "bob,5"]);
    /// let mut rows = p.track_stream(rows).unit("rows");
    /// while let Some(row) = rows.next().await {
    ///     save(row?).await?;
    /// }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() {
    /// #     liveops::testing::run(Import).await.result.unwrap();
    /// # }
    /// ```
    pub fn track_stream<S: Stream>(&self, items: S) -> TrackStream<S> {
        TrackStream::new(self.report.clone(), items)
    }

    /// Adds a line to the log. Only the first 8 KiB of a longer line are kept.
    ///
    /// The page shows the newest 1,000 lines, or fewer if these exceed 1 MiB in total. The whole log keeps
    /// [`Config::log_lines_max`](crate::Config::log_lines_max) lines: the worker writes them into the database with its
    /// heartbeat, a third of the lease later at most.
    ///
    /// The line may be the output of a child program. The page shows the text styles and colours of ANSI sequences, and
    /// leaves out all other sequences. If the program overwrites the line after a carriage return, the page shows the
    /// last state. The log as text has no styles, and is safe for any terminal.
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

    /// Runs `work` as one stage: the stepper shows the stage as active, then as done, failed or cancelled.
    /// The bar is reset.
    ///
    /// # Errors
    ///
    /// Returns the error of `work`, and [`Cancelled`] if cancellation was requested before the stage began.
    ///
    /// # Cancel safety
    ///
    /// A stage that panics or whose future is dropped is shown as failed; after a cancellation request, as
    /// cancelled.
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

    /// Runs `work` as one stage, like [`stage`](Self::stage), and saves its output: a later attempt gets the
    /// saved output without running `work` again, and the stepper shows the stage as done and reused.
    ///
    /// Use this method for stages that take long, cost money or must not be repeated, in an operation that
    /// may run again: after its worker was killed or stopped, after an error if
    /// [`max_attempts`](crate::operation::keys::max_attempts) allows another attempt, and after a user's
    /// retry of a failed or cancelled operation. Outputs are kept until the operation finishes, so a retry of
    /// a finished operation runs all stages.
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
    ///         // After a payment, no later attempt charges the card again.
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
    /// A process that dies after `work` is done and before its output is saved runs `work` again. For an
    /// effect that must not happen twice, send the other system an idempotency key, such as [`id`](Self::id).
    ///
    /// The output is saved under the label of the stage, as at most 4 MiB of JSON. The returned output has
    /// passed through JSON too, so that all attempts continue with the same value.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`stage`](Self::stage), and an internal error without a next attempt if
    ///
    /// - this run has already entered the stage with `stage_once`;
    /// - the output is too large, does not serialize, or does not deserialize to the same type;
    /// - the saved output does not fit its type, which has changed since. Then let the type read the old
    ///   form, or give the stage another label;
    /// - another worker has taken over the operation because the lease of this run expired. The output is not
    ///   saved, and later writes of this run are refused.
    ///
    /// A failing database is queried again for as long as the run lasts.
    ///
    /// # Panics
    ///
    /// Panics if `work` panics. Then nothing is saved, and the stage is shown as failed.
    ///
    /// # Cancel safety
    ///
    /// A stage whose future is dropped is shown as failed; after a cancellation request, as cancelled. Its
    /// output is saved if saving had begun, and not otherwise.
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

    /// Runs `work` as the stage of `token`, like [`stage`](Self::stage).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`stage`](Self::stage).
    ///
    /// # Cancel safety
    ///
    /// The guarantees are those of [`stage`](Self::stage).
    pub async fn enter<T>(
        &self,
        token: StageToken<Op::Stage>,
        work: impl Future<Output = RunResult<T>>,
    ) -> RunResult<T> {
        self.stage(token.into_stage(), work).await
    }

    /// Returns one token for each stage. With tokens, the compiler checks that the run enters every stage,
    /// and none twice.
    ///
    /// The derive generates the returned struct with a field for each stage. Destructure the struct: a stage
    /// missing from the pattern is an error, a stage that is not entered is an unused variable, and a second
    /// use of a token is a use after a move.
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
    /// For a stage that is entered in a loop or at several points, use [`stage`](Self::stage).
    #[must_use]
    pub fn stages(&self) -> <Op::Stage as Stage>::Tokens {
        <Op::Stage as Stage>::tokens()
    }

    /// Hands over to `next`: when this run returns `Ok`, `next` is enqueued for the same owner in the
    /// transaction that finishes this operation, and the page shows `next` in place.
    ///
    /// Only the last call has an effect. After a cancellation request `next` is not enqueued, and this operation
    /// ends as cancelled, also if the run returns `Ok`.
    pub fn chain_to<Next: Run>(&self, next: Next) {
        let next = NewOperation::new(&next, self.context.owner.clone()).map(|mut new| {
            self.context.language.tag().clone_into(&mut new.language);
            new.chained_from = Some(self.context.id);
            new
        });
        self.report.chain_to(next);
    }

    /// Runs `work` on a thread for blocking code, and returns its result. Use this method for code that
    /// computes or waits for long without an `.await`.
    ///
    /// `work` begins at once, also if the returned future is not awaited. The operation does not end, is not
    /// handed back at a shutdown and begins no next attempt before `work` has ended. Cancellation reaches
    /// `work` through a clone of this handle, and with it a [`timeout`](crate::operation::keys::timeout)
    /// and a shutdown: both request the cancellation of the closures of a run. A closure without a
    /// cancellation check cannot be stopped.
    ///
    /// ```
    /// use liveops::{LiveOperation, Progress, Run, RunResult};
    /// # use serde::{Deserialize, Serialize};
    ///
    /// #[derive(LiveOperation, Serialize, Deserialize)]
    /// struct Primes {
    ///     limit: u64,
    /// }
    ///
    /// impl Run for Primes {
    ///     type Output = usize;
    ///
    ///     async fn run(&self, p: Progress<Self>) -> RunResult<usize> {
    ///         let (progress, limit) = (p.clone(), self.limit);
    ///         p.spawn_blocking(move || {
    ///             let mut count = 0;
    ///             for number in progress.track(2..limit) {
    ///                 let number = number?; // `?` ends the closure after a cancellation
    ///                 count += usize::from((2..number).all(|divisor| number % divisor != 0));
    ///             }
    ///             Ok(count)
    ///         })
    ///         .await
    ///     }
    /// }
    /// # #[tokio::main]
    /// # async fn main() {
    /// #     let recording = liveops::testing::run(Primes { limit: 10 }).await;
    /// #     assert_eq!(recording.result.unwrap(), 4);
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the error of `work`. A panic of `work` is an internal error.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime, for example on a thread that the run has started itself.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not stop `work`: its result is discarded, and the end of the run still waits
    /// for `work`.
    pub fn spawn_blocking<T, F>(
        &self,
        work: F,
    ) -> impl Future<Output = RunResult<T>> + Send + use<Op, T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> RunResult<T> + Send + 'static,
    {
        self.context.blocking_tasks.spawn(work)
    }

    /// Returns an error after a cancellation request: `p.check_cancelled()?`.
    ///
    /// # Errors
    ///
    /// Returns [`Cancelled`] if cancellation was requested.
    pub fn check_cancelled(&self) -> Result<(), Cancelled> {
        self.report.check_cancelled()
    }

    /// Waits for a cancellation request, for use in `tokio::select!`.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: it can be dropped and called again at any time.
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

    /// The owner of this operation.
    pub fn owner(&self) -> &UserId {
        &self.context.owner
    }

    /// The number of this execution of the operation.
    pub fn attempt(&self) -> Attempt {
        self.context.attempt
    }

    /// The language of the owner: the language in which the operation was started.
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

    /// Returns the functions that only a browser supports; `None` in a terminal.
    ///
    /// ```
    /// # use liveops::{LiveOperation, Progress, Run, RunResult};
    /// use maud::html;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import;
    /// # impl Run for Import {
    /// #     type Output = ();
    /// #     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
    ///
    /// if let Some(web) = p.web() {
    ///     web.swap("preview", html! { p { "Ann has 3 points." } });
    ///     web.redirect("/scores");
    /// }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() {
    /// #     let recording = liveops::testing::run(Import).await;
    /// #     assert_eq!(recording.redirect(), Some("/scores"));
    /// # }
    /// ```
    pub fn web(&self) -> Option<WebProgress> {
        let templates = self.context.web.clone()?;
        Some(WebProgress::new(
            self.report.clone(),
            templates,
            self.context.language.clone(),
            Op::fragment_template,
        ))
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
