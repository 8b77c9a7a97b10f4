//! Execution of operations. The only module that commits an ending and then publishes it.
//!
//! `queue` claims waiting operations, `lease` renews the leases of this process and takes over
//! expired ones, and `attempt` executes one attempt from its claim to its ending. The other files
//! hold the API for applications. The module knows nothing of requests.

mod after_end;
mod attempt;
mod builder;
mod connections;
mod engine;
mod enqueue;
mod erased;
mod health;
mod input;
mod lease;
mod live_ops;
mod prune;
mod queue;
mod random;
mod registry;
mod retry;
#[cfg(feature = "testing")]
mod shapes;

pub use after_end::{Ended, OnEnd, OperationOutcome, WaitError};
#[cfg(feature = "cli")]
pub(crate) use attempt::foreground::{ForegroundOutcome, ForegroundRun};
#[cfg(feature = "cli")]
pub(crate) use attempt::outcome::INTERRUPTED_RUN;
pub(crate) use attempt::outcome::{Outcome, OutcomeMessages};
pub use builder::{BuildError, Builder, RunnerKind};
pub(crate) use connections::{ClientConnection, ClientConnections, Dismissal};
pub(crate) use engine::Engine;
pub use enqueue::EnqueueError;
pub(crate) use erased::{Output, StoredInput, output_json, stored};
pub use health::{Health, ProbeError};
pub(crate) use input::{InputError, RawInput};
pub use live_ops::{CancelOutcome, LiveOps};
#[cfg(feature = "apalis")]
pub use queue::apalis;
pub use queue::wake_up::{WakeUp, WakeUpError, WakeUpSender};
use random::random_hex;
pub(crate) use random::random_share;
pub(crate) use registry::RegisteredOperation;
pub use retry::{RetryError, RetryOutcome};
#[cfg(feature = "testing")]
pub use shapes::Shapes;
