//! The identity of an operation and of each of its attempts.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::parse_error::ParseError;

/// The ID of one operation: a UUIDv7. IDs sort by creation time.
///
/// ```
/// use liveops::OperationId;
///
/// let id = OperationId::new();
/// assert!(OperationId::new() > id);
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(Uuid);

impl OperationId {
    /// Creates an ID that is greater than every ID that this process created before.
    #[expect(clippy::new_without_default, reason = "every call returns a different ID")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// Returns the ID as a plain UUID.
    pub fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for OperationId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl FromStr for OperationId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let id = text.parse().map(Self);
        id.map_err(|_| ParseError::new("the ID of an operation", text))
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of one execution of an operation, which is also the fencing token of that execution.
///
/// The first attempt is 1, and the number only grows. A write or a publish with a smaller attempt than the
/// attempt in the row is stale and is refused.
///
/// ```
/// use liveops::{Attempt, LiveOperation, Progress, Run, RunResult, testing};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(LiveOperation, Serialize, Deserialize)]
/// # struct Import {
/// #     file: String,
/// # }
///
/// impl Run for Import {
///     type Output = ();
///
///     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
///         if p.attempt() > Attempt(1) {
///             p.log(format!("attempt {}", p.attempt()));
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let import = Import { file: "scores.csv".into() };
/// let recording = testing::run(import).attempt(Attempt(2)).await;
/// assert_eq!(recording.log(), ["attempt 2"]);
/// # }
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Attempt(pub u32);

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
