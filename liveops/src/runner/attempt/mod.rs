//! One attempt at one operation: how it is executed, supervised, ended and, where allowed, followed by the next.

pub(super) mod active_runs;
pub(super) mod eager;
#[cfg(feature = "cli")]
pub(super) mod foreground;
pub(super) mod outcome;
pub(super) mod running_attempt;
mod supervisor;
