//! What a run reports, as values.
//!
//! [`Progress`](crate::Progress) turns calls into events; a [`Projection`](crate::Projection) is
//! what folding them gives.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::operation::{OperationState, RegionName};

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The run began.
    Started,
    /// Somebody asked for the run to be cancelled.
    CancelRequested,
    /// The status line changed.
    Status(Status),
    /// The progress bar moved; `None` takes it away.
    Bar(Option<Bar>),
    /// The stage at `index` changed its state.
    Stage {
        /// The position of the stage, from 0.
        index: usize,
        /// Its new state.
        state: StageState,
        /// Since when it is in it.
        at: DateTime<Utc>,
    },
    /// A line was added to the log.
    Log(LogLine),
    /// A custom region got new content.
    Swap {
        /// Which region.
        region: RegionName,
        /// Its whole content, as HTML.
        html: Arc<str>,
    },
    /// Content was added at the end of a custom region.
    Append {
        /// Which region.
        region: RegionName,
        /// What was added, as HTML.
        html: Arc<str>,
    },
    /// The browser shall go to this address when the operation has finished.
    Redirect(Arc<str>),
    /// The run hands over to another operation when it ends.
    HandedOver(Next),
    /// The run ended.
    Ended(Ending),
}

/// The operation that another one handed over to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// What people read as its name.
    pub title: Arc<str>,
    /// The path of its page.
    pub url: Arc<str>,
}

/// How important a status or a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// All is well.
    #[default]
    Info,
    /// Worth a look.
    Warning,
    /// Something went wrong.
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
}

/// The status line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Status {
    /// How important it is.
    pub level: Level,
    /// What it says.
    pub text: Arc<str>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was reported.
    pub at: DateTime<Utc>,
    /// How important it is.
    pub level: Level,
    /// What it says.
    pub text: String,
}

/// The progress bar of the current stage, or of the run where there are no stages.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// How far it is.
    pub measure: Measure,
    /// What is being worked on.
    pub label: Option<Arc<str>>,
    /// What is counted: `rows`.
    pub unit: Option<Arc<str>>,
    /// How long the bar has been moving.
    pub elapsed: Duration,
}

/// How far a bar is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// A part of the whole, from 0 to 100.
    Percent(f64),
    /// A count, of a total where that is known.
    Count {
        /// How many are done.
        done: u64,
        /// How many there are.
        total: Option<u64>,
    },
}

impl Bar {
    /// How far the bar is, from 0 to 1; `None` where the total is unknown.
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

    /// How many are done in a second, once enough time has passed to tell.
    pub fn rate(&self) -> Option<f64> {
        match self.measure {
            Measure::Count { done, .. } if done > 0 && self.elapsed >= RATE_AFTER => {
                Some(done as f64 / self.elapsed.as_secs_f64())
            }
            _ => None,
        }
    }

    /// How long the rest will take at the rate so far.
    pub fn eta(&self) -> Option<Duration> {
        let left = match self.measure {
            Measure::Count { done, total: Some(total) } => total.saturating_sub(done),
            _ => return None,
        };
        Duration::try_from_secs_f64(left as f64 / self.rate()?).ok()
    }
}

/// A rate measured over less time than this is noise.
const RATE_AFTER: Duration = Duration::from_secs(1);

/// Where a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageState {
    /// Not entered yet.
    #[default]
    Pending,
    /// Being worked on.
    Active,
    /// Left with success.
    Done,
    /// Not run again: a durable stage whose output an earlier run of the operation saved. Done, for
    /// everybody who does not want to know more.
    Reused,
    /// Left with an error.
    Failed,
    /// Left because the run was cancelled.
    Cancelled,
}

impl StageState {
    /// The state, whichever attempt brought the stage there: [`Reused`](Self::Reused) is
    /// [`Done`](Self::Done).
    #[must_use]
    pub const fn plain(self) -> Self {
        match self {
            Self::Reused => Self::Done,
            state => state,
        }
    }

    /// The state's name in lower case.
    pub const fn as_str(self) -> &'static str {
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

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// With an output, as JSON.
    Finished(Arc<serde_json::Value>),
    /// With an error, as the owner reads it.
    Failed(Arc<str>),
    /// Because somebody asked for it.
    Cancelled,
}

impl Ending {
    /// The state this ending leads to.
    pub const fn state(&self) -> OperationState {
        match self {
            Self::Finished(_) => OperationState::FinishedOk,
            Self::Failed(_) => OperationState::FinishedError,
            Self::Cancelled => OperationState::Cancelled,
        }
    }
}
