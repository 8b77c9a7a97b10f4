//! What the crowd has done.

use demo::operations::MESSAGE;
use serde_json::{Value, json};

/// One operation to start, of a kind that its number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Job(pub(crate) usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Quick,
    Failing,
    Chain,
    Flaky,
    Durable,
    Import,
}

impl Job {
    /// Of twenty in a row six are quick, two fail, two are chains, three fail at first, three have
    /// durable stages, and four show all that there is to show.
    pub(crate) fn kind(self) -> Kind {
        match self.0 % 20 {
            0 | 3 | 7 | 10 | 13 | 17 => Kind::Quick,
            4 | 14 => Kind::Failing,
            5 | 15 => Kind::Chain,
            1 | 8 | 18 => Kind::Flaky,
            2 | 9 | 16 => Kind::Durable,
            _ => Kind::Import,
        }
    }

    /// What tells this job from others, where its kind has such a thing.
    pub(crate) fn label(self) -> String {
        format!("job {}", self.0)
    }

    pub(crate) fn input(self) -> Value {
        match self.kind() {
            Kind::Quick | Kind::Failing => json!({}),
            Kind::Chain => json!({ "note": self.label(), "pace_ms": 1_000 }),
            Kind::Flaky => json!({ "failures": 1 }),
            // Longer than workers have to finish when they are asked to go.
            Kind::Durable => json!({ "seconds": 2 }),
            Kind::Import => json!({ "label": self.label(), "pace_ms": 70 }),
        }
    }
}

impl Kind {
    pub(crate) fn op_type(self) -> &'static str {
        match self {
            Self::Quick => "demo.quick_task",
            Self::Failing => "demo.failing_task",
            Self::Chain => "demo.chain_start",
            Self::Flaky => "demo.flaky_task",
            Self::Durable => "demo.durable_task",
            Self::Import => "demo.demo_import",
        }
    }

    /// How often it fails before it succeeds.
    pub(crate) fn failures(self) -> usize {
        usize::from(self == Self::Flaky)
    }

    /// How often it may be attempted.
    pub(crate) fn attempts_max(self) -> usize {
        if matches!(self, Self::Flaky | Self::Durable) { 5 } else { 1 }
    }

    /// The message of one that fails.
    pub(crate) fn error(self) -> Option<&'static str> {
        (self == Self::Failing).then_some(MESSAGE)
    }
}
