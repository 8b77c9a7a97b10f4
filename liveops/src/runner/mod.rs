//! How operations get executed: the registry, the runners, and the one place that commits an
//! ending and then publishes it. A worker claims what waits, a run is one attempt, and a keeper
//! holds the leases of this process's runs and rescues those of processes that are gone.
//!
//! Knows nothing of requests.

#[cfg(feature = "apalis")]
pub mod apalis;
mod build;
mod clients;
mod eager;
mod engine;
mod enqueue;
mod erased;
#[cfg(feature = "cli")]
mod foreground;
mod health;
mod hints;
mod input;
mod keeper;
mod live_ops;
mod look;
mod looks;
mod outbox;
mod outcome;
mod prune;
mod random;
mod registry;
mod rescue;
mod restart;
mod run;
mod running;
mod shown;
mod supervise;
mod unannounced;
mod untold;
mod wake_up;
mod watchlist;
mod worker;

pub use build::{BuildError, Builder, RunnerKind};
pub(crate) use clients::{Client, Clients};
pub(crate) use engine::Engine;
pub use enqueue::EnqueueError;
pub(crate) use erased::{output_json, stored};
#[cfg(feature = "cli")]
pub(crate) use foreground::{Foreground, RanHere};
pub use health::{Health, ProbeError};
pub use input::{InputError, RawInput};
pub use live_ops::{CancelOutcome, LiveOps};
pub(crate) use outcome::{Outcome, Teller};
use random::random_hex;
pub(crate) use random::random_share;
pub(crate) use registry::RegisteredOperation;
pub use restart::{RestartError, RestartOutcome};
pub use wake_up::{WakeUp, WakeUpError, WakeUps};
