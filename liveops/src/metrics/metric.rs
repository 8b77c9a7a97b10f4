use ::metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// One of the metrics of liveops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// What it is called.
    pub name: &'static str,
    /// How it behaves.
    pub kind: MetricKind,
    /// What it is counted in.
    pub unit: MetricUnit,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// What it tells, in one sentence.
    pub description: &'static str,
}

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows, from zero when the process starts.
    Counter,
    /// How many there are right now.
    Gauge,
    /// How often each range of values came up.
    Histogram,
}

/// What a metric is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricUnit {
    /// In pieces.
    Count,
    /// In seconds.
    Seconds,
}

/// Tells the recorder of the process the unit of every metric and what it is about. Call it once, when
/// the recorder is installed.
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

/// Every metric there is.
pub const ALL: &[Metric] = &[
    ENQUEUED,
    RETRIED,
    ENDED,
    WAIT,
    RUN,
    NEXT_ATTEMPTS,
    HANDED_BACK,
    LEASES_LOST,
    RESCUES,
    WORKER_SLOTS,
    WORKER_SLOTS_USED,
    CLAIM,
    CLAIMS_FAILED,
    PUBLISHED,
    UNPUBLISHED,
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
    "Operations that this process enqueued, those that others handed over to included.",
);
pub(super) const RETRIED: Metric = counter(
    "liveops_operations_retried_total",
    &["op_type"],
    "Operations that had ended and were put back into the queue by a user's retry.",
);
pub(super) const ENDED: Metric = counter(
    "liveops_operations_ended_total",
    &["op_type", "outcome"],
    "Operations whose end this process committed: finished, failed or cancelled.",
);
pub(super) const WAIT: Metric = seconds(
    "liveops_attempt_wait_seconds",
    &["op_type"],
    "From when an attempt could be made until the process that claimed it began with it.",
);
pub(super) const RUN: Metric = seconds(
    "liveops_attempt_duration_seconds",
    &["op_type"],
    "How long an attempt ran, whatever became of it.",
);
pub(super) const NEXT_ATTEMPTS: Metric = counter(
    "liveops_next_attempts_total",
    &["op_type"],
    "Attempts that failed and are followed by another one.",
);
pub(super) const HANDED_BACK: Metric = counter(
    "liveops_attempts_handed_back_total",
    &["op_type"],
    "Attempts that went back into the queue because their process was shutting down.",
);
pub(super) const LEASES_LOST: Metric = counter(
    "liveops_leases_lost_total",
    &["op_type"],
    "Attempts of this process that somebody else had taken over by the time it noticed.",
);
pub(super) const RESCUES: Metric = counter(
    "liveops_rescues_total",
    &["op_type", "outcome"],
    "Runs taken over from workers that stopped responding: for another attempt, or given up.",
);
pub(super) const WORKER_SLOTS: Metric = gauge(
    "liveops_worker_slots",
    &[],
    "How many operations the worker of this process may run at once.",
);
pub(super) const WORKER_SLOTS_USED: Metric =
    gauge("liveops_worker_slots_used", &[], "How many operations this process is running.");
pub(super) const CLAIM: Metric = seconds(
    "liveops_claim_duration_seconds",
    &[],
    "How long the worker waited for the database to give it what to run next, or nothing.",
);
pub(super) const CLAIMS_FAILED: Metric = counter(
    "liveops_claim_errors_total",
    &[],
    "How often the database failed to give the worker what to run next.",
);
pub(super) const PUBLISHED: Metric = counter(
    "liveops_frames_published_total",
    &[],
    "Frames that the channel layer took from this process.",
);
pub(super) const UNPUBLISHED: Metric = counter(
    "liveops_publish_errors_total",
    &["reason"],
    "Frames that the channel layer did not take: it failed, had lost the channel's state, or knew of a \
     later attempt.",
);
pub(super) const DELIVERIES: Metric = counter(
    "liveops_messages_sent_total",
    &["transport"],
    "Messages with frames, changes of lists and answers that were given to clients.",
);
pub(super) const CATCH_UPS: Metric = counter(
    "liveops_catch_ups_total",
    &["kind"],
    "Clients that were brought up to date: with nothing, with what changed, with everything, or with \
     what the row says.",
);
pub(super) const CLIENTS_LAGGED: Metric = counter(
    "liveops_client_lags_total",
    &[],
    "How often a client was so slow that it missed frames and has to catch up.",
);
pub(super) const SUBSCRIPTIONS_LAGGED: Metric = counter(
    "liveops_subscription_lags_total",
    &[],
    "How often this process missed deliveries of the channel layer.",
);
pub(super) const CONNECTIONS: Metric =
    gauge("liveops_connections", &["transport"], "Connections of clients that are open.");
pub(super) const CONNECTIONS_CLOSED: Metric = counter(
    "liveops_connections_closed_total",
    &["transport", "code"],
    "Connections of clients that have ended, by the code they were closed with; 1000 where the client \
     left.",
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
