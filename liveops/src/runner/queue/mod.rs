//! The queue: the worker that claims what waits, the polls, and what wakes a worker before its next poll.
//!
//! The rows are the queue. Notifications and wake-ups are hints: a lost one costs time until the next poll.

#[cfg(feature = "apalis")]
pub mod apalis;
pub(super) mod notifications;
mod poll;
pub(super) mod poll_tracker;
pub(super) mod wake_up;
pub(super) mod wake_up_sender;
pub(super) mod worker;
