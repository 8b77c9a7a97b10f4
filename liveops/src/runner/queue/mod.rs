//! The queue: the worker that claims waiting operations, its polls, and the wake-ups that start a poll
//! early.
//!
//! The rows are the queue. Notifications and wake-ups are hints: a lost one delays an operation until
//! the next poll.

#[cfg(feature = "apalis")]
pub mod apalis;
pub(super) mod notifications;
mod poll;
pub(super) mod poll_tracker;
mod waiting;
pub(super) mod wake_up;
pub(super) mod wake_up_sender;
pub(super) mod worker;
