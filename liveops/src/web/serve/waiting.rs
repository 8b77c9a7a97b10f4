//! The connections that wait for a request or for a body, the longest waiting first.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The connections that wait for the rest of a request. The server closes them if it needs their permits.
#[derive(Debug, Default)]
pub(super) struct WaitingConnections {
    list: Mutex<List>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct List {
    next: Ticket,
    by_age: BTreeMap<Ticket, CancellationToken>,
}

/// The position of a connection in the list.
pub(super) type Ticket = u64;

impl WaitingConnections {
    /// Adds a connection, which ends when `close` is cancelled.
    pub(super) fn add(&self, close: &CancellationToken) -> Ticket {
        let mut list = self.list();
        let ticket = list.next;
        list.next += 1;
        list.by_age.insert(ticket, close.clone());
        drop(list);
        self.arrived.notify_one();
        ticket
    }

    /// Removes a connection. Returns `false` if the server has already decided to close the connection.
    pub(super) fn remove(&self, ticket: Ticket) -> bool {
        self.list().by_age.remove(&ticket).is_some()
    }

    /// Closes the connection that has waited longest. Returns `false` if no connection waits.
    pub(super) fn close_oldest(&self) -> bool {
        let oldest = self.list().by_age.pop_first();
        oldest.inspect(|(_, close)| close.cancel()).is_some()
    }

    /// Waits until a connection has been added since the previous call.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // The list is consistent after every statement.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
