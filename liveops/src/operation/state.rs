use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where an operation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationState {
    /// Enqueued, not claimed yet, or handed back for another attempt.
    NotStarted,
    /// Claimed and running.
    Started,
    /// Ended with an output.
    FinishedOk,
    /// Ended with an error.
    FinishedError,
    /// Ended because somebody asked for it.
    Cancelled,
}

impl OperationState {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 5] =
        [Self::NotStarted, Self::Started, Self::FinishedOk, Self::FinishedError, Self::Cancelled];

    /// Whether nothing more happens unless somebody retries the operation.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::FinishedOk | Self::FinishedError | Self::Cancelled)
    }

    /// Whether an operation in this state may go to `next`: the one place where the legal
    /// transitions are written down.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            // Claimed; cancelled before it started.
            Self::NotStarted => matches!(next, Self::Started | Self::Cancelled),
            // Ended; or handed back to the queue by a worker that shuts down or retries it.
            Self::Started => next.is_terminal() || matches!(next, Self::NotStarted),
            // Retried by a user.
            Self::FinishedOk | Self::FinishedError | Self::Cancelled => {
                matches!(next, Self::NotStarted)
            }
        }
    }

    /// The name used in JSON and on the wire, `FINISHED_OK` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "NOT_STARTED",
            Self::Started => "STARTED",
            Self::FinishedOk => "FINISHED_OK",
            Self::FinishedError => "FINISHED_ERROR",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl fmt::Display for OperationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected NOT_STARTED, STARTED, FINISHED_OK, FINISHED_ERROR or CANCELLED, found `{found}`")]
pub struct ParseOperationStateError {
    found: String,
}

impl FromStr for OperationState {
    type Err = ParseOperationStateError;

    fn from_str(text: &str) -> Result<Self, ParseOperationStateError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| ParseOperationStateError { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for state in OperationState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }

    #[test]
    fn an_ended_operation_only_starts_over() {
        for ended in OperationState::ALL.into_iter().filter(|state| state.is_terminal()) {
            for next in OperationState::ALL {
                assert_eq!(ended.may_become(next), next == OperationState::NotStarted);
            }
        }
    }
}
