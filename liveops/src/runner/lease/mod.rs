//! Leases: renewal for the runs of this process, detection of expired leases, and rescue of their runs.

mod expiry;
mod heartbeat;
pub(super) mod rescue;
