//! The phase of one connection.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::waiting::{Ticket, WaitingConnections};

/// The phase of one connection, as its socket and its requests report it.
#[derive(Debug)]
pub(super) struct Activity {
    phase: Mutex<Phase>,
    waiting: Arc<WaitingConnections>,
    /// Cancelled if the server needs the connection's permit for a new connection while this connection waits.
    pub(super) close: CancellationToken,
    header_timeout: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Waits for the rest of a header.
    Header { ticket: Ticket, until: Instant },
    /// Waits for the first byte of the next request.
    Idle { ticket: Ticket },
    /// Has a request. The ticket is that of a request that waits for the rest of its body.
    Request { ticket: Option<Ticket> },
    /// Speaks another protocol, such as that of a WebSocket.
    Upgraded,
}

impl Activity {
    pub(super) fn new(waiting: Arc<WaitingConnections>, header_timeout: Duration) -> Self {
        let close = CancellationToken::new();
        let phase =
            Phase::Header { ticket: waiting.add(&close), until: Instant::now() + header_timeout };
        Self { phase: Mutex::new(phase), waiting, close, header_timeout }
    }

    /// Records that bytes have arrived.
    pub(super) fn receive(&self) {
        let mut phase = self.phase();
        if let Phase::Idle { ticket } = *phase {
            *phase = Phase::Header { ticket, until: Instant::now() + self.header_timeout };
        }
    }

    /// Returns the time at which the header must be complete; `None` if no header has begun.
    pub(super) fn header_deadline(&self) -> Option<Instant> {
        match *self.phase() {
            Phase::Header { until, .. } => Some(until),
            Phase::Idle { .. } | Phase::Request { .. } | Phase::Upgraded => None,
        }
    }

    /// Returns `true` if the connection speaks another protocol than HTTP.
    pub(super) fn is_upgraded(&self) -> bool {
        matches!(*self.phase(), Phase::Upgraded)
    }

    /// Records the end of a header. Returns `false` if the server has just decided to close the connection.
    pub(super) fn begin_request(&self) -> bool {
        let before = self.replace(Phase::Request { ticket: None });
        before.ticket().is_none_or(|ticket| self.waiting.remove(ticket))
    }

    /// Records the end of an answer.
    pub(super) fn end_request(&self) {
        let mut phase = self.phase();
        if let Phase::Request { ticket } = *phase {
            self.forget(ticket);
            *phase = Phase::Idle { ticket: self.waiting.add(&self.close) };
        }
    }

    /// Records that the answer has changed the protocol.
    pub(super) fn upgrade(&self) {
        let before = self.replace(Phase::Upgraded);
        self.forget(before.ticket());
    }

    /// Records that the request waits for the rest of its body.
    pub(super) fn await_body(&self) {
        if let Phase::Request { ticket: ticket @ None } = &mut *self.phase() {
            *ticket = Some(self.waiting.add(&self.close));
        }
    }

    /// Records that a part of the body has arrived, or that the handler no longer waits for the body.
    pub(super) fn stop_awaiting_body(&self) {
        if let Phase::Request { ticket } = &mut *self.phase() {
            self.forget(ticket.take());
        }
    }

    fn forget(&self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            self.waiting.remove(ticket);
        }
    }

    fn replace(&self, phase: Phase) -> Phase {
        std::mem::replace(&mut *self.phase(), phase)
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        // Every write replaces the whole phase.
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Phase {
    fn ticket(self) -> Option<Ticket> {
        match self {
            Self::Header { ticket, .. } | Self::Idle { ticket } => Some(ticket),
            Self::Request { ticket } => ticket,
            Self::Upgraded => None,
        }
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        let ticket = self.phase().ticket();
        self.forget(ticket);
    }
}
