//! The names, kinds, units, labels and descriptions of all metrics.

use ::metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// One metric of liveops.
///
/// A recorder may need buckets for every histogram:
///
/// ```
/// use liveops::metrics::{self, MetricKind, MetricUnit};
///
/// for metric in metrics::ALL {
///     if metric.kind == MetricKind::Histogram && metric.unit == MetricUnit::Seconds {
///         println!("{}: {}", metric.name, metric.description);
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// The name of the metric.
    pub name: &'static str,
    /// The kind of the metric.
    pub kind: MetricKind,
    /// The unit of the values.
    pub unit: MetricUnit,
    /// The labels that separate the series of the metric.
    pub labels: &'static [&'static str],
    /// The meaning of the metric, in one sentence.
    pub description: &'static str,
}

/// The kind of a metric.
///
/// [`Metric`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// A total that only grows, from zero at the start of the process.
    Counter,
    /// A current amount.
    Gauge,
    /// A distribution of values over buckets.
    Histogram,
}

/// The unit of a metric.
///
/// [`Metric`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricUnit {
    /// A number of items.
    Count,
    /// A time in seconds.
    Seconds,
}

/// Registers the unit and the description of every metric with the recorder of the process. Call this
/// function once, after the recorder is installed.
pub fn describe() {
    for &Metric { name, kind, unit, description, .. } in ALL {
        let unit = match unit {
            MetricUnit::Count => Unit::Count,
            MetricUnit::Seconds => Unit::Seconds,
        };
        match kind {
            MetricKind::Counter => describe_counter!(name, unit, description),
            MetricKind::Gauge => describe_gauge!(name, unit, description),
            MetricKind::Histogram => describe_histogram!(name, unit, description),
        }
    }
}

/// All metrics of liveops.
pub const ALL: &[Metric] = &[
    ENQUEUED,
    RETRIED,
    ENDED,
    WAIT,
    RUN,
    NEXT_ATTEMPTS,
    HANDED_BACK,
    THREADS_HELD,
    LEFT_EXECUTING,
    LEASE_RENEWAL,
    LEASES_LOST,
    RESCUES,
    WORKER_SLOTS,
    WORKER_SLOTS_USED,
    WAITING,
    OLDEST_WAITING,
    CLAIM,
    CLAIMS_FAILED,
    PUBLISHED,
    UNPUBLISHED,
    END_DISPATCHES,
    DELIVERIES,
    CATCH_UPS,
    CLIENTS_LAGGED,
    SUBSCRIPTIONS_LAGGED,
    CONNECTIONS,
    CONNECTIONS_CLOSED,
];

pub(super) const ENQUEUED: Metric = counter(
    "liveops_operations_enqueued_total",
    &["op_type"],
    "Operations enqueued by this process, including those that a run handed over to.",
);
pub(super) const RETRIED: Metric = counter(
    "liveops_operations_retried_total",
    &["op_type"],
    "Ended operations that a user's retry put back into the queue.",
);
pub(super) const ENDED: Metric = counter(
    "liveops_operations_ended_total",
    &["op_type", "outcome"],
    "Operations whose end this process committed: finished, failed or cancelled.",
);
pub(super) const WAIT: Metric = seconds(
    "liveops_attempt_wait_seconds",
    &["op_type"],
    "Time from the earliest possible start of an attempt until the claiming process started it.",
);
pub(super) const RUN: Metric = seconds(
    "liveops_attempt_duration_seconds",
    &["op_type"],
    "Duration of an attempt, independent of its outcome.",
);
pub(super) const NEXT_ATTEMPTS: Metric = counter(
    "liveops_next_attempts_total",
    &["op_type"],
    "Failed attempts that are followed by another attempt.",
);
pub(super) const HANDED_BACK: Metric = counter(
    "liveops_attempts_handed_back_total",
    &["op_type"],
    "Attempts put back into the queue because their process was shutting down.",
);
pub(super) const THREADS_HELD: Metric = counter(
    "liveops_threads_held_total",
    &["op_type"],
    "Times that a run held its thread for a second without an `.await`.",
);
pub(super) const LEFT_EXECUTING: Metric = counter(
    "liveops_runs_left_executing_total",
    &["op_type"],
    "Runs that were stopped by a timeout or an abort, ended, and left code that still executes.",
);
pub(super) const LEASE_RENEWAL: Metric = seconds(
    "liveops_lease_renewal_duration_seconds",
    &[],
    "Duration of a renewal of the leases of all runs of this process.",
);
pub(super) const LEASES_LOST: Metric = counter(
    "liveops_leases_lost_total",
    &["op_type"],
    "Attempts of this process that another process had taken over.",
);
pub(super) const RESCUES: Metric = counter(
    "liveops_rescues_total",
    &["op_type", "outcome"],
    "Runs taken over from workers that stopped responding: for another attempt, or given up.",
);
pub(super) const WORKER_SLOTS: Metric = gauge(
    "liveops_worker_slots",
    &[],
    "Operations that the worker of this process may run at once.",
);
pub(super) const WORKER_SLOTS_USED: Metric =
    gauge("liveops_worker_slots_used", &[], "Operations that this process is running.");
pub(super) const WAITING: Metric = gauge(
    "liveops_waiting",
    &["queue", "reason"],
    "Operations of all processes that wait in the queue and are due, by the reason: for a worker slot, for another \
     version of the application, or because their type is not registered in this process. Counted every 30 seconds, \
     or later if a count takes longer than 0.15 seconds.",
);
pub(super) const OLDEST_WAITING: Metric = Metric {
    unit: MetricUnit::Seconds,
    ..gauge(
        "liveops_oldest_waiting_seconds",
        &["queue"],
        "Time for which the oldest waiting operation of the queue could have started.",
    )
};
pub(super) const CLAIM: Metric = seconds(
    "liveops_claim_duration_seconds",
    &[],
    "Duration of the worker's query for the next operations, also when there are none.",
);
pub(super) const CLAIMS_FAILED: Metric = counter(
    "liveops_claim_errors_total",
    &[],
    "Queries of the worker for the next operations that failed.",
);
pub(super) const PUBLISHED: Metric = counter(
    "liveops_frames_published_total",
    &[],
    "Frames of this process that the channel layer accepted.",
);
pub(super) const UNPUBLISHED: Metric = counter(
    "liveops_publish_errors_total",
    &["reason"],
    "Frames that the channel layer did not accept: the layer failed, had lost the channel's \
     state, or had accepted a later attempt.",
);
pub(super) const END_DISPATCHES: Metric = counter(
    "liveops_end_dispatches_total",
    &["op_type", "receiver", "outcome"],
    "Calls of hooks, and requests of webhooks, after the end of operations: accepted, failed (and repeated) or given up.",
);
pub(super) const DELIVERIES: Metric = counter(
    "liveops_messages_sent_total",
    &["transport"],
    "Messages sent to clients: frames, list changes and answers.",
);
pub(super) const CATCH_UPS: Metric = counter(
    "liveops_catch_ups_total",
    &["kind"],
    "Catch-ups of clients, by answer: up to date, the changes, a full snapshot, or a snapshot from the \
     row.",
);
pub(super) const CLIENTS_LAGGED: Metric = counter(
    "liveops_client_lags_total",
    &[],
    "Times that a slow client missed frames and has to catch up.",
);
pub(super) const SUBSCRIPTIONS_LAGGED: Metric = counter(
    "liveops_subscription_lags_total",
    &[],
    "Times that this process missed deliveries of the channel layer.",
);
pub(super) const CONNECTIONS: Metric =
    gauge("liveops_connections", &["transport"], "Open connections of clients.");
pub(super) const CONNECTIONS_CLOSED: Metric = counter(
    "liveops_connections_closed_total",
    &["transport", "code"],
    "Closed connections of clients, by close code; 1000 if the client left.",
);

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    description: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Counter, unit: MetricUnit::Count, labels, description }
}

const fn gauge(
    name: &'static str,
    labels: &'static [&'static str],
    description: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Gauge, unit: MetricUnit::Count, labels, description }
}

const fn seconds(
    name: &'static str,
    labels: &'static [&'static str],
    description: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Histogram, unit: MetricUnit::Seconds, labels, description }
}
