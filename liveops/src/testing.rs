//! Running an operation in a test, without database, server or worker.

use std::sync::Arc;

use crate::{
    error::RunResult,
    event::{Event, LogLine},
    language::Language,
    operation::{Attempt, FromState, NewOperation, NoState, OperationId, Stage},
    progress::{Facts, Progress, Report, Run, StageOutputs},
    projection::Projection,
};

/// What an operation reported and how it ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Recording<Output> {
    /// What `run` returned.
    pub result: RunResult<Output>,
    /// Every event, in order.
    pub events: Vec<Event>,
    /// What the events add up to.
    pub projection: Projection,
    /// The operation it handed over to.
    pub chained: Option<NewOperation>,
}

impl<Output> Recording<Output> {
    /// The texts of the status line, in order.
    pub fn statuses(&self) -> Vec<&str> {
        let statuses = self.events.iter().filter_map(|event| match event {
            Event::Status(status) => Some(&*status.text),
            _ => None,
        });
        statuses.collect()
    }

    /// The texts of the log, in order.
    pub fn log(&self) -> Vec<&str> {
        let lines = self.events.iter().filter_map(|event| match event {
            Event::Log(LogLine { text, .. }) => Some(text.as_str()),
            _ => None,
        });
        lines.collect()
    }
}

/// Runs an operation that has no state to its end, and gives everything it did.
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
pub async fn run<Op: Run<State = NoState>>(operation: Op) -> Recording<Op::Output> {
    run_with_state(operation, &()).await
}

/// Runs an operation with a state of the test's.
pub async fn run_with_state<Op: Run, S>(operation: Op, state: &S) -> Recording<Op::Output>
where
    Op::State: FromState<S>,
{
    let stage_count = <Op::Stage as Stage>::COUNT;
    let report = Arc::new(Report::recording(Projection::new(stage_count)));
    report.event(Event::Started);
    let facts = Arc::new(Facts {
        id: OperationId::new(),
        owner: "tester".into(),
        attempt: Attempt(1),
        language: Language::default(),
        stage_outputs: Arc::new(StageOutputs::of_only_run()),
        web: Some(Arc::default()),
    });
    let state = Arc::new(Op::State::from_state(state));
    let result = operation.run(Progress::new(report.clone(), facts, state)).await;
    Recording {
        result,
        events: report.events(),
        projection: report.projection(),
        chained: report.take_chain().and_then(Result::ok),
    }
}
