//! The parts of a running application. The builder creates them once.

use std::sync::{Arc, atomic::AtomicBool};

use super::{
    ClientConnections, RunnerKind, WakeUp, after_end::dispatcher::Dispatcher,
    attempt::active_runs::ActiveRuns, queue::wake_up_sender::WakeUpQueue, registry::Registry,
};
use crate::{
    access::Access,
    channel::WorkerNotification,
    config::Config,
    operation::{Attempt, ChannelName, OperationId, OperationKind, OperationState, WorkerClaim},
    progress::FlushPace,
    projection::{LogSize, Projection},
    publish::{Presenter, Publisher},
    render::{Fragment, Renderer, Subject},
    store::{Model, OwnConnection, RowState, Store, StoreError},
    token::SigningKeys,
    uploads::UploadFolder,
};

/// The parts that execute and show operations.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) store: Store,
    /// The connection of the worker, for claims.
    pub(super) claim_connection: OwnConnection,
    /// The connections for rescues.
    pub(super) rescue_connections: OwnConnection,
    /// The connections for the ends of runs that failed to reach the database over the pool of the
    /// application.
    pub(super) write_connections: OwnConnection,
    pub(crate) presenter: Arc<Presenter>,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) wake_up_queue: WakeUpQueue,
    pub(crate) registry: Registry,
    pub(crate) config: Config,
    pub(crate) keys: SigningKeys,
    pub(crate) uploads: Arc<UploadFolder>,
    pub(crate) access: Access,
    pub(crate) runner: RunnerKind,
    pub(crate) active_runs: Arc<ActiveRuns>,
    pub(super) dispatcher: Dispatcher,
    pub(crate) clients: Arc<ClientConnections>,
    pub(super) flush_pace: Arc<FlushPace>,
    /// `true` once a warning about the missing list of hosts was logged.
    pub(crate) has_warned_of_hosts: AtomicBool,
}

impl Engine {
    pub(crate) fn renderer(&self) -> &Renderer {
        &self.presenter.renderer
    }

    /// Returns the claim of this process, for operations that it enqueues and runs itself.
    pub(super) fn worker_claim(&self) -> WorkerClaim {
        WorkerClaim { worker: self.active_runs.worker.clone(), lease: self.config.lease }
    }

    /// Claims one waiting operation, if this process knows its type and can read its input. Returns `None` also if the
    /// operation is not due, or no longer waits.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(super) async fn claim(&self, id: OperationId) -> Result<Option<Model>, StoreError> {
        let row = self.store.find_small(id).await?;
        let is_readable = row.is_some_and(|row| self.registry.find_readable(&row).is_some());
        if !is_readable {
            return Ok(None);
        }
        self.store.claim(id, &self.active_runs.worker, self.config.lease).await
    }

    /// Notifies every worker, including the one in this process, that operations wait in the queue.
    pub(crate) async fn wake_workers(&self, wake_ups: impl IntoIterator<Item = WakeUp>) {
        self.active_runs.wake.notify_one();
        wake_ups.into_iter().for_each(|wake_up| self.wake_up_queue.send(wake_up));
        self.publisher.notify(&ChannelName::workers(), WorkerNotification::Work).await;
    }

    /// Asks the process that runs this attempt to stop it.
    pub(crate) async fn request_stop(&self, id: OperationId, attempt: Attempt) {
        if !self.active_runs.cancel(id, attempt) {
            let cancel = WorkerNotification::Cancel { id, attempt };
            self.publisher.notify(&ChannelName::workers(), cancel).await;
        }
    }

    /// Returns the state of an operation that this process runs and that no other process can have taken over.
    /// The row then shows this attempt as started. Returns `None` from the moment in which the run is over.
    pub(crate) fn running_state(&self, id: OperationId) -> Option<RowState> {
        let run = self.active_runs.owner_of_row(id, self.config.lease)?;
        Some(RowState {
            attempt: run.attempt,
            state: OperationState::Started,
            op_type: run.kind.op_type.into(),
            owner: run.owner.clone(),
        })
    }

    /// Returns the attempt and the snapshot of an operation that this process runs, as
    /// [`running_state`](Self::running_state) does. The snapshot is at least as new as the row.
    pub(crate) fn running_snapshot(&self, id: OperationId) -> Option<(Attempt, Vec<Fragment>)> {
        let run = self.active_runs.owner_of_row(id, self.config.lease)?;
        let renderer = self.renderer().with_language(&run.language);
        let subject = Subject { kind: run.kind, id };
        Some((run.attempt, renderer.snapshot(&subject, &run.report.projection())))
    }

    /// Returns the limits of the log of an operation.
    pub(crate) fn log_limits(&self) -> LogSize {
        LogSize { lines: self.config.log_lines_max, bytes: self.config.log_bytes_max }
    }

    /// Returns the live projection if this process runs the operation, otherwise the projection of the
    /// row.
    pub(crate) fn projection_of(&self, kind: &OperationKind, row: &Model) -> Projection {
        let live = self.active_runs.projection(row.operation_id());
        live.filter(|_| !row.state().is_terminal()).unwrap_or_else(|| row.projection(kind))
    }
}

impl Drop for Engine {
    /// Stops the background tasks: no operation can be enqueued any more, and no run is left.
    fn drop(&mut self) {
        self.active_runs.shut_down.cancel();
    }
}
