use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Clients, RegisteredOperation, RunnerKind, registry::Registry};
use crate::{
    channel::{Chained, ChannelLayer, Finished, ListChange, Signal},
    config::Config,
    event::Next,
    operation::{ChannelName, OperationId, UserId},
    progress::{LiveSink, Report, Sink},
    projection::Projection,
    render::{Connection, ListRow, Renderer, Subject},
    store::{Model, Store},
    token::SigningKeys,
};

/// Everything that executing and showing operations needs, put together once.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) layer: Arc<dyn ChannelLayer>,
    pub(crate) registry: Registry,
    pub(crate) renderer: Renderer,
    pub(crate) config: Config,
    pub(crate) keys: SigningKeys,
    pub(crate) runner: RunnerKind,
    pub(crate) running: Running,
    pub(crate) clients: Arc<Clients>,
}

/// The runs of this process.
#[derive(Debug)]
pub(crate) struct Running {
    /// A run takes one; closed when no more shall start.
    pub(crate) places: Semaphore,
    pub(crate) tasks: TaskTracker,
    /// Tells the runs to go back to the queue.
    pub(crate) stop: CancellationToken,
    reports: Mutex<HashMap<OperationId, Arc<Report>>>,
}

impl Engine {
    /// The sink through which the attempt that a row names is shown.
    pub(crate) fn sink(&self, operation: &RegisteredOperation, row: &Model) -> LiveSink {
        let subject = Subject { kind: operation.kind, id: row.operation_id() };
        LiveSink::new(self.layer.clone(), self.renderer.clone(), subject, row.attempt_number())
    }

    /// Shows what a row says, to whoever watches: for what happens outside of a run.
    pub(crate) async fn show_row(&self, operation: &RegisteredOperation, row: &Model) {
        let projection = row.projection(&operation.kind);
        let mut sink = self.sink(operation, row);
        sink.show(&projection, projection.everything()).await;
        if row.state().is_terminal() {
            sink.signal(&projection, self.finished(row)).await;
        }
        self.announce(&row.owner_id(), ListChange::Rows).await;
    }

    /// The signal that an operation has ended as its row says.
    pub(crate) fn finished(&self, row: &Model) -> Signal {
        Signal::Finished(Finished {
            id: row.operation_id(),
            state: row.state(),
            url: self.renderer.url(&row.op_type, row.operation_id()),
            success_url: row.success_url.as_deref().map(Arc::from),
        })
    }

    /// The operation that another one hands over to; `None` if its type is not registered.
    pub(crate) fn next(&self, op_type: &str, id: OperationId) -> Option<Next> {
        let title = self.registry.find(op_type)?.kind.title;
        Some(Next { title, url: self.renderer.url(op_type, id).into() })
    }

    /// The signal that another operation takes over the page of `previous`, which shows it as waiting until its
    /// own channel says more; `None` if its type is not registered.
    pub(crate) fn chained(
        &self,
        previous: OperationId,
        op_type: &str,
        id: OperationId,
    ) -> Option<Signal> {
        let subject = Subject { kind: self.registry.find(op_type)?.kind, id };
        let waiting = Projection::new(subject.kind.stages.len());
        let snapshot = self.renderer.snapshot(&subject, &waiting);
        let connection = Connection { replaces: Some(previous), ..Connection::default() };
        let container = self.renderer.container(&subject, waiting.state, &snapshot, &connection);
        let url = self.renderer.url(op_type, id);
        Some(Signal::Chained(Chained { id, url, container: container.0.into() }))
    }

    /// Tells those who look at a list with the operations of `owner` what changed in it.
    pub(crate) async fn announce(&self, owner: &UserId, change: ListChange) {
        for list in [ChannelName::owner(owner), ChannelName::all()] {
            if let Err(error) = self.layer.announce(&list, change.clone()).await {
                tracing::debug!(%list, error = &error as &dyn std::error::Error, "not announced");
            }
        }
    }

    /// The operation of `row` in a list: as `live` shows it, where it runs.
    pub(crate) fn list_row(&self, row: &Model, live: Option<&Projection>) -> ListRow {
        let kind = self.registry.find(&row.op_type).map(|operation| operation.kind);
        let title = kind.map_or_else(|| row.op_type.clone(), |kind| kind.title.to_owned());
        let status = row.error_message.clone().unwrap_or_else(|| row.status_text.clone());
        let list_row = ListRow {
            id: row.operation_id(),
            owner: row.owner_id(),
            state: row.state(),
            title,
            op_type: row.op_type.clone(),
            percent: row.percent,
            status,
            created_on: row.created_on,
        };
        match (live, kind) {
            (Some(live), Some(kind)) if !row.state().is_terminal() => ListRow {
                state: live.state,
                percent: live.percent(kind.stage_weights),
                status: live
                    .status
                    .as_ref()
                    .map(|status| status.text.to_string())
                    .unwrap_or_default(),
                ..list_row
            },
            _ => list_row,
        }
    }
}

impl Running {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            places: Semaphore::new(places.min(Semaphore::MAX_PERMITS)),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            reports: Mutex::default(),
        }
    }

    /// Asks a run of this process to stop, if it is one.
    pub(crate) fn cancel(&self, id: OperationId) {
        if let Some(report) = self.reports().get(&id) {
            report.cancel();
        }
    }

    /// What a run of this process shows right now, if it is one.
    pub(crate) fn projection(&self, id: OperationId) -> Option<Projection> {
        let report = self.reports().get(&id).cloned();
        report.map(|report| report.projection())
    }

    /// Lists a run until the guard is dropped.
    pub(crate) fn enter(&self, id: OperationId, report: Arc<Report>) -> RunningGuard<'_> {
        self.reports().insert(id, report.clone());
        RunningGuard { running: self, id, report }
    }

    fn reports(&self) -> MutexGuard<'_, HashMap<OperationId, Arc<Report>>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that is listed among those of this process.
pub(crate) struct RunningGuard<'a> {
    running: &'a Running,
    id: OperationId,
    report: Arc<Report>,
}

impl Drop for RunningGuard<'_> {
    fn drop(&mut self) {
        let mut reports = self.running.reports();
        // A later attempt of the same operation may have taken the entry over.
        if reports.get(&self.id).is_some_and(|report| Arc::ptr_eq(report, &self.report)) {
            reports.remove(&self.id);
        }
    }
}
