//! Leases: renewing those of this process's runs, and taking over the ones that nobody renews.

mod expiry;
mod heartbeat;
mod rescue;
