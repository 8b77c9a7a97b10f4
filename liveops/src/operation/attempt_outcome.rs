//! The ends of an attempt.

use serde::Serialize;

/// The end of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AttemptOutcome {
    /// The run returned an output.
    Finished,
    /// The run failed, panicked, took too long, or was interrupted for good.
    Failed,
    /// The run stopped after a cancel request.
    Cancelled,
    /// The worker stopped responding.
    Lost,
    /// A shutdown stopped the run, and the operation went back into the queue.
    HandedBack,
}

impl AttemptOutcome {
    const ALL: [Self; 5] =
        [Self::Finished, Self::Failed, Self::Cancelled, Self::Lost, Self::HandedBack];

    /// Returns the name in the database and in JSON, such as `handed_back`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
            Self::HandedBack => "handed_back",
        }
    }

    /// Returns the outcome with this name; [`Failed`](Self::Failed) for a name of a later version.
    pub(crate) fn named(name: &str) -> Self {
        let named = Self::ALL.into_iter().find(|outcome| outcome.as_str() == name);
        named.unwrap_or(Self::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for outcome in AttemptOutcome::ALL {
            assert_eq!(AttemptOutcome::named(outcome.as_str()), outcome);
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }
}
