//! The states of an operation and the transitions between them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::parse_error::ParseError;

/// The state of an operation.
///
/// ```
/// use liveops::OperationState;
///
/// assert_eq!("FINISHED_OK".parse(), Ok(OperationState::FinishedOk));
/// assert!(OperationState::FinishedOk.is_terminal());
/// // A retry puts a cancelled operation back into the queue.
/// assert!(OperationState::Cancelled.may_become(OperationState::NotStarted));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationState {
    /// Enqueued and not yet claimed, or put back into the queue for another attempt.
    NotStarted,
    /// Claimed and running.
    Started,
    /// Ended with an output.
    FinishedOk,
    /// Ended with an error.
    FinishedError,
    /// Cancelled by a user, before or during the run.
    Cancelled,
}

impl OperationState {
    /// Every state, in the order in which an operation reaches it.
    pub const ALL: [Self; 5] =
        [Self::NotStarted, Self::Started, Self::FinishedOk, Self::FinishedError, Self::Cancelled];

    /// Returns `true` for a state that only a retry leaves.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::FinishedOk | Self::FinishedError | Self::Cancelled)
    }

    /// Returns `true` if an operation in this state may change to `next`. This function is the only
    /// definition of the legal transitions.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            // A worker claims the operation, or a user cancels it before it starts.
            Self::NotStarted => matches!(next, Self::Started | Self::Cancelled),
            // The run ends, or a worker puts the operation back for shutdown or for the next attempt.
            Self::Started => next.is_terminal() || matches!(next, Self::NotStarted),
            // A user retries the operation.
            Self::FinishedOk | Self::FinishedError | Self::Cancelled => {
                matches!(next, Self::NotStarted)
            }
        }
    }

    /// Returns the name in JSON and on the wire, such as `FINISHED_OK`.
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

/// The names of [`OperationState::ALL`], for the error.
const NAMES: &str = "NOT_STARTED, STARTED, FINISHED_OK, FINISHED_ERROR or CANCELLED";

impl FromStr for OperationState {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| ParseError::new(NAMES, text))
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
    fn an_ended_operation_can_only_be_retried() {
        for ended in OperationState::ALL.into_iter().filter(|state| state.is_terminal()) {
            for next in OperationState::ALL {
                assert_eq!(ended.may_become(next), next == OperationState::NotStarted);
            }
        }
    }
}
