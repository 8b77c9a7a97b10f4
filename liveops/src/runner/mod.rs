//! How operations get executed: the registry, the runners, and the one place that commits an
//! ending and then publishes it.
//!
//! Knows nothing of requests.

mod build;
mod clients;
mod engine;
mod erased;
mod execute;
mod input;
mod live_ops;
mod outcome;
mod random;
mod registry;

pub use build::{BuildError, Builder, RunnerKind};
pub(crate) use clients::{Client, Clients};
pub(crate) use engine::Engine;
pub use input::{InputError, RawInput};
pub use live_ops::{CancelOutcome, EnqueueError, LiveOps, RestartOutcome};
pub(crate) use random::random_share;
pub(crate) use registry::RegisteredOperation;
