//! The consequences of an end: hooks of the application, webhooks, and the callers that wait for an end
//! or for changes.
//!
//! The commit of an end inserts an entry into the outbox for each receiver. The dispatcher of a process that runs
//! operations passes the entries to the receivers.

pub(super) mod dispatcher;
mod ended;
mod hook;
mod subscribe;
mod wait_for;
#[cfg(feature = "webhooks")]
mod webhook;

pub use ended::{Ended, OperationOutcome};
pub use hook::OnEnd;
pub(super) use hook::{Received, Receiver};
pub use wait_for::WaitError;
