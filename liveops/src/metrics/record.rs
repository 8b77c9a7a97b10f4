//! Functions that record one measurement each. The rest of the crate uses these functions and no metric
//! names.

use std::time::Duration;

pub(crate) use ::metrics::Counter;
use ::metrics::{Gauge, counter, gauge, histogram};

use super::metric::{
    CATCH_UPS, CLAIM, CLAIMS_FAILED, CLIENTS_LAGGED, CONNECTIONS, CONNECTIONS_CLOSED, DELIVERIES,
    END_DISPATCHES, ENDED, ENQUEUED, HANDED_BACK, LEASE_RENEWAL, LEASES_LOST, LEFT_EXECUTING,
    NEXT_ATTEMPTS, OLDEST_WAITING, PUBLISHED, RESCUES, RETRIED, RUN, SUBSCRIPTIONS_LAGGED,
    THREADS_HELD, UNPUBLISHED, WAIT, WAITING, WORKER_SLOTS, WORKER_SLOTS_USED,
};
use crate::operation::OperationState;

/// The outcome of a rescue: the decision about a run whose worker stopped responding.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RescueOutcome {
    AnotherAttempt,
    GivenUp,
}

/// The outcome of a call of a hook after an end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DispatchOutcome {
    Accepted,
    Failed,
    GivenUp,
}

/// The reason for which a frame was not published.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UnpublishedReason {
    Stale,
    NotOpen,
    Failed,
}

/// The kind of answer that brought a client up to date.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CatchUpKind {
    UpToDate,
    Delta,
    Reset,
    Row,
}

/// The transport of a client connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Transport {
    WebSocket,
    EventStream,
}

pub(crate) fn operation_enqueued(op_type: &'static str) {
    counter!(ENQUEUED.name, "op_type" => op_type).increment(1);
}

pub(crate) fn operation_retried(op_type: &'static str) {
    counter!(RETRIED.name, "op_type" => op_type).increment(1);
}

/// Counts the end of an operation. States that are not an end are ignored.
pub(crate) fn record_operation_ended(op_type: &'static str, state: OperationState) {
    let outcome = match state {
        OperationState::FinishedOk => "finished",
        OperationState::FinishedError => "failed",
        OperationState::Cancelled => "cancelled",
        OperationState::NotStarted | OperationState::Started => return,
    };
    counter!(ENDED.name, "op_type" => op_type, "outcome" => outcome).increment(1);
}

/// Records the start of an attempt that could have started `waited` ago.
pub(crate) fn attempt_began(op_type: &'static str, waited: Duration) {
    histogram!(WAIT.name, "op_type" => op_type).record(waited);
}

pub(crate) fn attempt_ran(op_type: &'static str, time: Duration) {
    histogram!(RUN.name, "op_type" => op_type).record(time);
}

pub(crate) fn next_attempt_scheduled(op_type: &'static str) {
    counter!(NEXT_ATTEMPTS.name, "op_type" => op_type).increment(1);
}

pub(crate) fn attempt_handed_back(op_type: &'static str) {
    counter!(HANDED_BACK.name, "op_type" => op_type).increment(1);
}

/// Counts a poll of a run that lasts too long.
pub(crate) fn thread_held(op_type: &'static str) {
    counter!(THREADS_HELD.name, "op_type" => op_type).increment(1);
}

/// Counts a run that was ended while its code still executes.
pub(crate) fn run_left_executing(op_type: &'static str) {
    counter!(LEFT_EXECUTING.name, "op_type" => op_type).increment(1);
}

pub(crate) fn lease_lost(op_type: &'static str) {
    counter!(LEASES_LOST.name, "op_type" => op_type).increment(1);
}

pub(crate) fn run_rescued(op_type: &'static str, outcome: RescueOutcome) {
    let outcome = match outcome {
        RescueOutcome::AnotherAttempt => "another_attempt",
        RescueOutcome::GivenUp => "given_up",
    };
    counter!(RESCUES.name, "op_type" => op_type, "outcome" => outcome).increment(1);
}

pub(crate) fn end_dispatched(
    op_type: &'static str,
    receiver: &'static str,
    outcome: DispatchOutcome,
) {
    let outcome = match outcome {
        DispatchOutcome::Accepted => "accepted",
        DispatchOutcome::Failed => "failed",
        DispatchOutcome::GivenUp => "given_up",
    };
    let labels = [("op_type", op_type), ("receiver", receiver), ("outcome", outcome)];
    counter!(END_DISPATCHES.name, &labels).increment(1);
}

/// Adds the worker slots of this process until the guard is dropped.
pub(crate) fn worker_slots(count: usize) -> GaugeGuard {
    GaugeGuard::new(gauge!(WORKER_SLOTS.name), count as f64)
}

/// Marks one worker slot as used until the guard is dropped.
pub(crate) fn worker_slot_used() -> GaugeGuard {
    GaugeGuard::new(gauge!(WORKER_SLOTS_USED.name), 1.0)
}

/// The waiting operations of one queue.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QueueLength {
    /// The operations that wait for a worker slot.
    pub(crate) slot: u64,
    /// Those that wait for another version of the application.
    pub(crate) version: u64,
    /// Those whose type is not registered in this process.
    pub(crate) unregistered: u64,
    /// The time for which the oldest one could have started.
    pub(crate) oldest: Duration,
}

/// Records the waiting operations of a queue.
pub(crate) fn record_queue_length(queue: &str, length: QueueLength) {
    let queue = || queue.to_owned();
    let QueueLength { slot, version, unregistered, .. } = length;
    for (reason, count) in [("slot", slot), ("version", version), ("unregistered", unregistered)] {
        gauge!(WAITING.name, "queue" => queue(), "reason" => reason).set(count as f64);
    }
    gauge!(OLDEST_WAITING.name, "queue" => queue()).set(length.oldest.as_secs_f64());
}

/// Records a renewal of the leases of all runs of this process.
pub(crate) fn leases_renewed(time: Duration) {
    histogram!(LEASE_RENEWAL.name).record(time);
}

pub(crate) fn claimed(time: Duration) {
    histogram!(CLAIM.name).record(time);
}

pub(crate) fn claim_failed() {
    counter!(CLAIMS_FAILED.name).increment(1);
}

pub(crate) fn frame_published() {
    counter!(PUBLISHED.name).increment(1);
}

pub(crate) fn frame_unpublished(reason: UnpublishedReason) {
    let reason = match reason {
        UnpublishedReason::Stale => "stale",
        UnpublishedReason::NotOpen => "not_open",
        UnpublishedReason::Failed => "failed",
    };
    counter!(UNPUBLISHED.name, "reason" => reason).increment(1);
}

/// Returns the counter of messages sent to clients. A connection keeps the counter, so that sending a frame
/// needs no lookup.
pub(crate) fn deliveries(transport: Transport) -> Counter {
    counter!(DELIVERIES.name, "transport" => transport.as_str())
}

pub(crate) fn client_caught_up(kind: CatchUpKind) {
    let kind = match kind {
        CatchUpKind::UpToDate => "up_to_date",
        CatchUpKind::Delta => "delta",
        CatchUpKind::Reset => "reset",
        CatchUpKind::Row => "row",
    };
    counter!(CATCH_UPS.name, "kind" => kind).increment(1);
}

pub(crate) fn client_lagged() {
    counter!(CLIENTS_LAGGED.name).increment(1);
}

pub(crate) fn subscription_lagged() {
    counter!(SUBSCRIPTIONS_LAGGED.name).increment(1);
}

/// Counts a connection that was closed before it counted as open.
pub(crate) fn connection_refused(transport: Transport, code: u16) {
    connection_closed(transport, code);
}

fn connection_closed(transport: Transport, code: u16) {
    let transport = transport.as_str();
    counter!(CONNECTIONS_CLOSED.name, "transport" => transport, "code" => code.to_string())
        .increment(1);
}

impl Transport {
    fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::EventStream => "event_stream",
        }
    }
}

/// An amount added to a gauge until the guard is dropped.
#[derive(Debug)]
pub(crate) struct GaugeGuard {
    gauge: Gauge,
    amount: f64,
}

impl GaugeGuard {
    fn new(gauge: Gauge, amount: f64) -> Self {
        gauge.increment(amount);
        Self { gauge, amount }
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.gauge.decrement(self.amount);
    }
}

/// An open connection; counts as closed when dropped.
#[derive(Debug)]
pub(crate) struct ConnectionGauge {
    transport: Transport,
    code: u16,
    _open: GaugeGuard,
}

impl ConnectionGauge {
    pub(crate) fn open(transport: Transport) -> Self {
        let open = gauge!(CONNECTIONS.name, "transport" => transport.as_str());
        Self { transport, code: LEFT, _open: GaugeGuard::new(open, 1.0) }
    }

    /// Sets the code with which the server is about to close the connection. Without a code the connection
    /// counts as closed by the client.
    pub(crate) fn set_close_code(&mut self, code: u16) {
        self.code = code;
    }
}

impl Drop for ConnectionGauge {
    fn drop(&mut self) {
        connection_closed(self.transport, self.code);
    }
}

/// The close code of a connection that the client closed.
const LEFT: u16 = 1000;
