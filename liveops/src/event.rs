//! The events that a run reports, as values.
//!
//! [`Progress`](crate::Progress) turns calls into events; a `Projection` is the fold of
//! those events.
//!
//! A test reads the events from the [`Recording`](crate::testing::Recording) of a run:
//!
//! ```
//! use liveops::{
//!     LiveOperation, OperationState, Progress, Run, RunResult,
//!     event::{Level, Measure},
//!     testing,
//! };
//! # use serde::{Deserialize, Serialize};
//! # #[derive(LiveOperation, Serialize, Deserialize)]
//! # struct Import;
//!
//! impl Run for Import {
//!     type Output = ();
//!
//!     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
//!         p.warn("1 row has no name");
//!         p.set(3, 4);
//!         p.log_error("Row 4 is empty");
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! let recording = testing::run(Import).await;
//! let status = recording.status_lines()[0];
//! assert_eq!((status.level, &*status.text), (Level::Warning, "1 row has no name"));
//! let bar = recording.bars()[0];
//! assert_eq!(bar.measure, Measure::Count { done: 3, total: Some(4) });
//! assert_eq!(bar.fraction(), Some(0.75));
//! let line = recording.log_lines()[0];
//! assert_eq!((line.level, &*line.text), (Level::Error, "Row 4 is empty"));
//! assert_eq!(recording.ending().state(), OperationState::FinishedOk);
//! # }
//! ```

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::operation::{FieldOrder, OperationState, RegionName};

/// One event of a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub(crate) enum Event {
    /// The run began.
    Started,
    /// A user requested cancellation of the run.
    CancelRequested,
    /// The status line changed.
    Status(Status),
    /// The progress bar moved; `None` removes the bar.
    Bar(Option<Bar>),
    /// The stage at `index` changed its state.
    Stage {
        /// The position of the stage, from 0.
        index: usize,
        /// The new state of the stage.
        state: StageState,
        /// The time at which the stage entered the state.
        at: DateTime<Utc>,
    },
    /// A line was added to the log.
    Log(LogLine),
    /// A custom region got new content.
    Swap {
        /// The name of the region.
        region: RegionName,
        /// The whole content of the region, as HTML.
        html: Arc<str>,
    },
    /// Content was added at the end of a custom region.
    Append {
        /// The name of the region.
        region: RegionName,
        /// The added content, as HTML.
        html: Arc<str>,
    },
    /// The browser goes to this address when the operation has finished.
    Redirect(Arc<str>),
    /// The run hands over to another operation when it ends.
    HandedOver(LinkedOperation),
    /// The order of the fields of the output, before the end.
    Ordered(FieldOrder),
    /// The run ended.
    Ended(Ending),
}

/// A link to another operation of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkedOperation {
    /// The title of the operation.
    pub title: Arc<str>,
    /// The description of the operation.
    pub description: Option<Arc<str>>,
    /// The path of the operation's page.
    pub url: Arc<str>,
}

/// The severity of a status or a log line. A more severe level is greater.
///
/// The documentation of the module [`event`](crate::event) has an example.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Normal progress.
    #[default]
    Info,
    /// A problem that does not stop the work.
    Warning,
    /// An error.
    Error,
}

impl Level {
    /// The level's name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Returns the level with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Error].into_iter().find(|level| level.as_str() == name)
    }
}

/// The status line.
///
/// The documentation of the module [`event`](crate::event) has an example.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Status {
    /// The severity of the status.
    pub level: Level,
    /// The text of the status.
    pub text: Arc<str>,
}

/// A line of the log.
///
/// The documentation of the module [`event`](crate::event) has an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The time of the report.
    pub at: DateTime<Utc>,
    /// The severity of the line.
    pub level: Level,
    /// The text of the line.
    pub text: String,
}

/// The progress bar of the current stage, or of the run if the operation has no stages.
///
/// The documentation of the module [`event`](crate::event) has an example.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The position of the bar.
    pub measure: Measure,
    /// The text in front of the count, such as a file name.
    pub label: Option<Arc<str>>,
    /// The unit of the count, such as `rows`.
    pub unit: Option<Arc<str>>,
    /// The time since the bar started.
    pub elapsed: Duration,
}

/// The position of a bar.
///
/// The documentation of the module [`event`](crate::event) has an example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// A percentage from 0 to 100.
    Percent(f64),
    /// A count, with a total if the total is known.
    Count {
        /// The number of processed items.
        done: u64,
        /// The number of all items.
        total: Option<u64>,
    },
}

impl Bar {
    /// Returns the position of the bar from 0 to 1; `None` if the total is unknown.
    pub fn fraction(&self) -> Option<f64> {
        match self.measure {
            Measure::Percent(percent) => Some((percent / 100.0).clamp(0.0, 1.0)),
            Measure::Count { total: None, .. } => None,
            Measure::Count { total: Some(0), .. } => Some(1.0),
            Measure::Count { done, total: Some(total) } => {
                Some((done as f64 / total as f64).min(1.0))
            }
        }
    }

    /// Returns the items per second; `None` for a percentage, at a count of 0 and in the first second.
    pub fn rate(&self) -> Option<f64> {
        match self.measure {
            Measure::Count { done, .. } if done > 0 && self.elapsed >= RATE_AFTER => {
                Some(done as f64 / self.elapsed.as_secs_f64())
            }
            _ => None,
        }
    }

    /// Returns the remaining time at the rate so far; `None` if the rate or the total is unknown.
    pub fn eta(&self) -> Option<Duration> {
        let left = match self.measure {
            Measure::Count { done, total: Some(total) } => total.saturating_sub(done),
            _ => return None,
        };
        Duration::try_from_secs_f64(left as f64 / self.rate()?).ok()
    }
}

/// Minimum measuring time for a rate: over a shorter time the rate is noise.
const RATE_AFTER: Duration = Duration::from_secs(1);

/// The state of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StageState {
    /// The run has not entered the stage yet.
    #[default]
    Pending,
    /// The run is in the stage.
    Active,
    /// The stage succeeded.
    Done,
    /// A durable stage that did not run again, because an earlier run of the operation saved its output.
    /// [`plain`](StageState::plain) maps this state to `Done`.
    Reused,
    /// The stage failed.
    Failed,
    /// The stage ended because the run was cancelled.
    Cancelled,
}

impl StageState {
    /// Returns the state without its history: [`Done`](Self::Done) instead of [`Reused`](Self::Reused).
    #[must_use]
    pub(crate) const fn plain(self) -> Self {
        match self {
            Self::Reused => Self::Done,
            state => state,
        }
    }

    /// The state's name in lower case.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Done => "done",
            Self::Reused => "reused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The end of a run.
///
/// The documentation of the module [`event`](crate::event) has an example.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The run succeeded with this output, as JSON.
    Finished(Arc<serde_json::Value>),
    /// The run failed; the text is the error message for the owner.
    Failed(Arc<str>),
    /// A user cancelled the run.
    Cancelled,
}

impl Ending {
    /// The operation state that follows from this ending.
    pub const fn state(&self) -> OperationState {
        match self {
            Self::Finished(_) => OperationState::FinishedOk,
            Self::Failed(_) => OperationState::FinishedError,
            Self::Cancelled => OperationState::Cancelled,
        }
    }
}
