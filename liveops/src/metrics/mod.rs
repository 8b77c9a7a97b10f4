//! What liveops counts and measures, for whichever recorder the application installs.
//!
//! Through the facade of the crate `metrics`, which costs next to nothing without a recorder and so is
//! always there, as `tracing` is: nobody finds out in the night that it was left out of the build.
//! Labels have few values: the types of operations that are registered and what is written here, never
//! ids, owners or channels.
//!
//! Install the recorder before [`LiveOps`](crate::LiveOps) is built and connections are accepted: what
//! counts often keeps its place in the recorder that was there when it began.

mod metric;
mod record;

pub use metric::{ALL, Metric, MetricKind, MetricUnit, describe};
pub(crate) use record::{
    CatchUpKind, ConnectionGauge, Counter, GaugeGuard, RescueOutcome, Transport, UnpublishedReason,
    attempt_began, attempt_handed_back, attempt_ran, claim_failed, claimed, client_caught_up,
    client_lagged, connection_refused, deliveries, frame_published, frame_unpublished, lease_lost,
    next_attempt_scheduled, operation_enqueued, operation_retried, record_operation_ended,
    run_rescued, subscription_lagged, worker_slot_used, worker_slots,
};
