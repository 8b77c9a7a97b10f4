//! Leases: renewal for the runs of this process, with their logs, detection of expired leases, and rescue of their
//! runs.

mod expiry;
mod heartbeat;
pub(super) mod rescue;
mod run_logs;
