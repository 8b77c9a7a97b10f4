//! Counters, gauges and histograms of liveops, for any recorder that the application installs.
//!
//! The module uses the facade of the crate `metrics`. Without a recorder the facade costs almost nothing, so
//! metrics are always compiled in, as `tracing` is. Labels have few values: the registered op types, the queues
//! and the constants of this module, never ids, owners or channels.
//!
//! Install the recorder before [`LiveOps`](crate::LiveOps) is built and before connections are accepted:
//! frequently used counters keep a handle to the recorder that was installed when they were created.
//!
//! Metrics are no feature of the crate, because a missing feature would be noticed only in production. The
//! process whose database write succeeded counts an event, so two processes that try the same ending count it
//! once.

mod metric;
mod record;

pub use metric::{ALL, Metric, MetricKind, MetricUnit, describe};
pub(crate) use record::{
    CatchUpKind, ConnectionGauge, Counter, DispatchOutcome, GaugeGuard, QueueLength, RescueOutcome,
    Transport, UnpublishedReason, attempt_began, attempt_handed_back, attempt_ran, claim_failed,
    claimed, client_caught_up, client_lagged, connection_refused, deliveries, end_dispatched,
    frame_published, frame_unpublished, lease_lost, leases_renewed, next_attempt_scheduled,
    operation_enqueued, operation_retried, record_operation_ended, record_queue_length,
    run_left_executing, run_rescued, subscription_lagged, thread_held, worker_slot_used,
    worker_slots,
};
