//! A test run: one attempt at an operation, with an environment that the test sets.

use std::{
    any::{Any, type_name},
    collections::HashMap,
    fmt, future,
    sync::Arc,
};

use chrono::DateTime;
use futures_util::future::BoxFuture;
use tokio::time;
use tracing::Instrument;

use super::{CancelHandle, Recording};
use crate::{
    config::Config,
    error::{Cancelled, RunError, RunResult},
    event::{Ending, Event},
    language::Languages,
    operation::{Attempt, CancelMode, FromState, NoState, OperationId, Stage, Storable, UserId},
    progress::{BlockingTasks, Clock, Progress, Report, Run, RunContext, StageOutputs, log_span},
    projection::Projection,
    render::Templates,
    runner::{Outcome, OutcomeMessages, StoredInput, output_json, stored},
};

/// Makes a test run of an operation. Awaiting the test run runs the operation to its end, and returns a
/// [`Recording`].
///
/// ```
/// use liveops::{LiveOperation, Progress, Run, RunResult, testing};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(app = "demo")]
/// struct Greeting {
///     name: String,
/// }
///
/// impl Run for Greeting {
///     type Output = usize;
///
///     async fn run(&self, p: Progress<Self>) -> RunResult<usize> {
///         p.status(format!("Hello, {}!", self.name));
///         Ok(self.name.len())
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let recording = testing::run(Greeting { name: "Ann".into() }).await;
/// assert_eq!(recording.statuses(), ["Hello, Ann!"]);
/// assert_eq!(recording.result.unwrap(), 3);
/// # }
/// ```
pub fn run<Op: Run>(operation: Op) -> TestRun<Op> {
    TestRun::new(operation)
}

/// A test run that starts when it is awaited. [`run`] makes a test run.
///
/// Defaults: the first attempt, the owner `tester`, the application's default language, no state, progress
/// on a page, and no cancellation.
///
/// The operation runs as on a worker: it is deserialized from its JSON, a panic is an error, an operation
/// with a `timeout` is stopped after that time, and one with `cancel = "abort"` is dropped 5 seconds after
/// its cancellation. `on_retry` is not called; test it in a whole application.
#[must_use = "a test run does nothing until it is awaited"]
pub struct TestRun<Op: Run> {
    operation: Op,
    state: Option<Op::State>,
    report: Arc<Report>,
    cancel_after: Option<u64>,
    id: OperationId,
    owner: UserId,
    attempt: Attempt,
    language: String,
    languages: Languages,
    templates: Option<Templates>,
    saved: HashMap<String, String>,
}

impl<Op: Run> TestRun<Op> {
    fn new(operation: Op) -> Self {
        let projection = Projection::new(<Op::Stage as Stage>::COUNT);
        Self {
            operation,
            state: None,
            report: Arc::new(Report::recording(projection, Clock::begin(DateTime::UNIX_EPOCH))),
            cancel_after: None,
            id: OperationId::new(),
            owner: "tester".into(),
            attempt: Attempt(1),
            language: String::new(),
            languages: Languages::new(),
            templates: Some(Templates::new()),
            saved: HashMap::new(),
        }
    }
}

impl<Op: Run> TestRun<Op> {
    /// Sets the operation's state: the state itself, or the application's state, from which the operation's
    /// state is taken.
    pub fn state<T>(mut self, state: T) -> Self
    where
        Op::State: FromState<T>,
    {
        self.state = Some(Op::State::from_state(&state));
        self
    }

    /// Sets the owner of the operation; `tester` by default.
    pub fn owner(mut self, owner: impl Into<UserId>) -> Self {
        self.owner = owner.into();
        self
    }

    /// Sets the language of the owner, as a BCP 47 tag.
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = language.into();
        self
    }

    /// Sets the available languages, with the application's texts; those of liveops by default.
    pub fn languages(mut self, languages: Languages) -> Self {
        self.languages = languages;
        self
    }

    /// Sets the number of the attempt; 1 by default.
    pub fn attempt(mut self, attempt: Attempt) -> Self {
        self.attempt = attempt;
        self
    }

    /// Adds the output of a [durable stage](Progress::stage_once) that an earlier attempt saved.
    ///
    /// # Panics
    ///
    /// Panics if `output` cannot be serialized to JSON.
    #[track_caller]
    pub fn saved(mut self, stage: Op::Stage, output: &impl Storable) -> Self {
        let json = serde_json::to_string(output).expect("an output serializes to JSON");
        self.saved.insert(stage.name().to_owned(), json);
        self
    }

    /// Makes this run the next attempt after `earlier`: with its ID, owner and language, and the outputs of
    /// its durable stages. A finished run leaves no outputs.
    pub fn after(mut self, earlier: &Recording<Op>) -> Self {
        self.id = earlier.context.id;
        self.owner = earlier.context.owner.clone();
        earlier.context.language.tag().clone_into(&mut self.language);
        self.attempt = Attempt(earlier.context.attempt.0 + 1);
        if !matches!(earlier.ending(), Ending::Finished(_)) {
            self.saved.clone_from(&earlier.saved);
        }
        self
    }

    /// Sets the templates for custom regions; the default templates of liveops by default.
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = Some(templates);
        self
    }

    /// Runs the operation as in a terminal: [`Progress::web`] is `None`.
    pub fn in_terminal(mut self) -> Self {
        self.templates = None;
        self
    }

    /// Cancels the run once `checks` cancellation checks have passed. A call of
    /// [`check_cancelled`](Progress::check_cancelled), the entry of a stage and each next item of
    /// [`track`](Progress::track) are checks. With 0 the run is cancelled before it begins.
    pub fn cancel_after(mut self, checks: u64) -> Self {
        self.cancel_after = Some(checks);
        self
    }

    /// Returns a handle that cancels the run at any time.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use liveops::{LiveOperation, Progress, Run, RunResult, testing};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # #[liveop(app = "demo")]
    /// # struct Wait {}
    /// # impl Run for Wait {
    /// #     type Output = ();
    /// #     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
    /// #         p.cancelled().await;
    /// #         Ok(p.check_cancelled()?)
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() {
    /// let test_run = testing::run(Wait {});
    /// let canceller = test_run.canceller();
    /// let (recording, ()) = tokio::join!(test_run.into_future(), async {
    ///     tokio::time::sleep(Duration::from_millis(1)).await;
    ///     canceller.cancel();
    /// });
    /// recording.expect_cancelled();
    /// # }
    /// ```
    pub fn canceller(&self) -> CancelHandle {
        CancelHandle::new(self.report.clone())
    }
}

impl<Op: Run> IntoFuture for TestRun<Op> {
    type Output = Recording<Op>;
    type IntoFuture = BoxFuture<'static, Recording<Op>>;

    /// # Panics
    ///
    /// Panics if the operation has a state and [`state`](TestRun::state) was not called.
    #[track_caller]
    fn into_future(self) -> Self::IntoFuture {
        let state = self.state.or_else(no_state::<Op>).unwrap_or_else(|| {
            panic!(
                "`{}` needs its state, `{}`: call `testing::run(…).state(…)` before `.await`",
                Op::OP_TYPE,
                type_name::<Op::State>()
            )
        });
        let stage_outputs = StageOutputs::in_memory(self.saved.clone());
        let context = RunContext {
            id: self.id,
            owner: self.owner,
            attempt: self.attempt,
            language: self.languages.find(&self.language),
            stage_outputs: Arc::new(stage_outputs),
            blocking_tasks: BlockingTasks::default(),
            web: self.templates.map(Arc::new),
        };
        let attempt = TestRunFuture {
            operation: self.operation,
            report: self.report,
            context: Arc::new(context),
            state: Arc::new(state),
            saved: self.saved,
        };
        Box::pin(attempt.record(self.cancel_after))
    }
}

/// Returns [`NoState`], if the operation has no other state.
fn no_state<Op: Run>() -> Option<Op::State> {
    let state: Box<dyn Any> = Box::new(NoState);
    state.downcast().ok().map(|state| *state)
}

impl<Op: Run> fmt::Debug for TestRun<Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestRun")
            .field("op_type", &Op::OP_TYPE)
            .field("id", &self.id)
            .field("has_state", &self.state.is_some())
            .finish_non_exhaustive()
    }
}

/// A test run with its complete environment, ready to be executed.
struct TestRunFuture<Op: Run> {
    operation: Op,
    report: Arc<Report>,
    context: Arc<RunContext>,
    state: Arc<Op::State>,
    /// Outputs of durable stages that earlier attempts saved.
    saved: HashMap<String, String>,
}

/// The way in which a run ended.
enum End<T> {
    Returned(RunResult<T>),
    Panicked,
    Stopped,
}

impl<Op: Run> TestRunFuture<Op> {
    async fn record(self, cancel_after: Option<u64>) -> Recording<Op> {
        let Self { operation, report, context, state, mut saved } = self;
        report.event(Event::Started);
        if let Some(checks) = cancel_after {
            report.cancel_after(checks);
        }
        let progress = Progress::new(report.clone(), context.clone(), state);
        let messages = OutcomeMessages { id: context.id, language: context.language.clone() };
        let (outcome, end) = execute(operation, progress, &report, &messages).await;
        // The runner waits for the closures too, but after a stop only for a limited time.
        let closures = context.blocking_tasks.ended();
        let outcome = match end {
            End::Stopped => {
                let ended = time::timeout(Config::default().stop_timeout, closures).await;
                if ended.is_ok() { outcome } else { outcome.of_executing_run(&messages) }
            }
            End::Returned(_) | End::Panicked => {
                closures.await;
                outcome
            }
        };
        let (outcome, next) = outcome.with_next(
            &messages,
            report.take_chain(),
            report.projection().cancel_requested,
            |next| Ok(next.check(Config::default().input_bytes_max)?),
        );
        report.event(Event::Ended(outcome.ending.clone()));

        let record = report.take_record();
        saved.extend(context.stage_outputs.saved_in_memory());
        Recording {
            events: record.events,
            while_panicking: record.while_panicking,
            projection: report.projection(),
            panicked: matches!(end, End::Panicked),
            result: match end {
                End::Returned(result) => result,
                End::Panicked | End::Stopped => Err(error_of(&outcome)),
            },
            outcome,
            next,
            saved,
            context,
        }
    }
}

/// Runs an operation as a worker does.
async fn execute<Op: Run>(
    operation: Op,
    progress: Progress<Op>,
    report: &Arc<Report>,
    messages: &OutcomeMessages,
) -> (Outcome, End<Op::Output>) {
    let mut returned = None;
    // Through JSON, as between the enqueue and the worker.
    let run = Box::pin(async move {
        let json = serde_json::to_value(operation)?;
        let operation: Op = stored(StoredInput { version: Op::POLICY.version, json })?;
        operation.run(progress).await
    });
    let finish = |messages: &OutcomeMessages, result: RunResult<Op::Output>| {
        let outcome = outcome_of(messages, &result);
        returned = Some(result);
        outcome
    };
    let stopped = tokio::select! {
        outcome = Outcome::of_run(messages.clone(), run, finish).instrument(log_span(report)) => Err(outcome),
        outcome = stop::<Op>(report, messages) => Ok(outcome),
    };
    match (stopped, returned) {
        (Ok(outcome), _) => {
            // The run's threads are not dropped with its future; their cancellation checks stop them.
            report.cancellation.request();
            (outcome, End::Stopped)
        }
        (Err(outcome), Some(result)) => (outcome, End::Returned(result)),
        (Err(outcome), None) => (outcome, End::Panicked),
    }
}

fn outcome_of<T: Storable>(messages: &OutcomeMessages, result: &RunResult<T>) -> Outcome {
    match result {
        Ok(output) => {
            let bytes_max = Config::default().output_bytes_max;
            Outcome::of_result(messages, output_json(output), bytes_max)
        }
        Err(error) => Outcome::of_error(messages, error),
    }
}

/// Waits until a worker would stop the run, and returns the outcome of the stop.
async fn stop<Op: Run>(report: &Report, messages: &OutcomeMessages) -> Outcome {
    let timed_out = async {
        match Op::POLICY.timeout {
            Some(timeout) => {
                time::sleep(timeout).await;
                Outcome::timed_out(messages, timeout)
            }
            None => future::pending().await,
        }
    };
    let aborted = async {
        if Op::POLICY.cancel == CancelMode::Cooperative {
            future::pending::<()>().await;
        }
        report.cancellation.token().cancelled().await;
        time::sleep(Config::default().abort_grace).await;
        Outcome::cancelled()
    };
    tokio::select! {
        outcome = timed_out => outcome,
        outcome = aborted => outcome,
    }
}

/// Returns the error for a run that ended without returning a result.
fn error_of(outcome: &Outcome) -> RunError {
    match &outcome.ending {
        Ending::Failed(message) => {
            let traceback = outcome.traceback.as_deref().unwrap_or(message);
            RunError::from(traceback.to_owned())
        }
        Ending::Finished(_) | Ending::Cancelled => RunError::from(Cancelled),
    }
}
