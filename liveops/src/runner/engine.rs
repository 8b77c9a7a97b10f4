use std::{error::Error, sync::Arc};

use tracing::Instrument;

use super::{
    Clients, RegisteredOperation, RunnerKind, WakeUp, attempt::active_runs::Running,
    queue::wake_up_sender::Outbox, registry::Registry, unannounced::Unannounced, untold::Untold,
};
use crate::{
    channel::{
        Chained, ChannelLayer, Finished, Hint, ListChange, Notice, Opener, PublishError, Signal,
    },
    config::Config,
    event::Next,
    language::Language,
    metrics::{frame_published, frame_unpublished},
    operation::{ChannelName, OperationId, OperationKind, UserId},
    progress::{LiveSink, Sink},
    projection::Projection,
    render::{Connection, ListRow, Renderer, Subject},
    span,
    store::{Model, Store, StoreError},
    token::SigningKeys,
};

/// Everything that executing and showing operations needs, put together once.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) layer: Arc<dyn ChannelLayer>,
    pub(crate) outbox: Outbox,
    pub(crate) registry: Registry,
    pub(crate) renderer: Renderer,
    pub(crate) config: Config,
    pub(crate) keys: SigningKeys,
    pub(crate) runner: RunnerKind,
    pub(crate) running: Arc<Running>,
    pub(crate) unannounced: Unannounced,
    pub(super) untold: Untold,
    pub(crate) clients: Arc<Clients>,
}

impl Engine {
    /// What is known of the operation of `row`; `None` if its type is not registered.
    pub(crate) fn kind_of(&self, row: &Model) -> Option<OperationKind> {
        self.registry.find(&row.op_type).map(|operation| operation.kind)
    }

    /// The type of this row's operation as it is counted: one of those that are registered.
    pub(crate) fn counted_type(&self, row: &Model) -> &'static str {
        self.kind_of(row).unwrap_or(OperationKind::UNREGISTERED).op_type
    }

    /// The path of the page of this row's operation; there is none if its type is not registered.
    pub(crate) fn page_url(&self, row: &Model) -> Option<String> {
        self.kind_of(row).map(|kind| self.renderer.url(kind.op_type, row.operation_id()))
    }

    /// The language of whoever started the operation of `row`.
    pub(crate) fn language(&self, row: &Model) -> Language {
        self.renderer.languages().find(&row.language)
    }

    /// What shows the operation of `row`: in the language of whoever started it.
    pub(crate) fn renderer_of(&self, row: &Model) -> Renderer {
        self.renderer.speaking(&row.language)
    }

    /// The sink through which the attempt that a row names is shown.
    pub(crate) fn sink(&self, kind: OperationKind, row: &Model) -> LiveSink {
        let subject = Subject { kind, id: row.operation_id() };
        LiveSink::new(self.layer.clone(), self.renderer_of(row), subject, row.attempt_number())
    }

    /// Shows what a row says, to whoever watches: for what happens outside of a run.
    pub(crate) async fn show_row(&self, operation: &RegisteredOperation, row: &Model) {
        if row.state().is_terminal() {
            if let Err(error) = self.show_end(operation.kind, row).await {
                let error = &error as &dyn Error;
                tracing::debug!(id = %row.operation_id(), error, "not shown");
                self.untold.operation(row.operation_id());
            }
        } else {
            self.show_waiting(operation, row).await;
        }
        self.announce(&row.owner_id(), ListChange::Rows).await;
    }

    async fn show_end(&self, kind: OperationKind, row: &Model) -> Result<(), StoreError> {
        let (projection, signals) = self.end(&kind, row).await?;
        let mut sink = self.sink(kind, row);
        sink.show(&projection, projection.everything()).await;
        for signal in signals {
            self.signal(&mut sink, &projection, signal).await;
        }
        Ok(())
    }

    /// What the row of an operation that has ended says, and the signals of its end.
    pub(crate) async fn end(
        &self,
        kind: &OperationKind,
        row: &Model,
    ) -> Result<(Projection, Vec<Signal>), StoreError> {
        let mut projection = row.projection(kind);
        let mut signals = vec![self.finished(row)];
        if let Some(next) = self.store.find_next(row.operation_id()).await? {
            let (op_type, id) = (&next.op_type, next.operation_id());
            signals.extend(self.chained(row, op_type, id));
            projection.next = self.next(row, op_type, id);
        }
        Ok((projection, signals))
    }

    /// Shows an operation that waits to be attempted, unless somebody attempts it by now.
    async fn show_waiting(&self, operation: &RegisteredOperation, row: &Model) {
        let (id, attempt) = (row.operation_id(), row.attempt_number());
        let subject = Subject { kind: operation.kind, id };
        let projection = row.projection(&operation.kind);
        let snapshot = self.renderer_of(row).snapshot(&subject, &projection);
        let channel = ChannelName::operation(id);
        let opening = self.layer.open(&channel, attempt, Opener::Queue, snapshot);
        let span = span::push(operation.kind.op_type, id, attempt);
        let Err(error) = opening.instrument(span).await else { return frame_published() };
        tracing::debug!(%channel, %attempt, error = &error as &dyn Error, "not shown");
        // Stale is not counted: whoever makes the attempt was faster, which is as good.
        if let PublishError::Backend(_) = error {
            frame_unpublished(error.reason());
            self.untold.operation(id);
        }
    }

    /// Gives a signal, as soon as that can be done.
    pub(crate) async fn signal(
        &self,
        sink: &mut LiveSink,
        projection: &Projection,
        signal: Signal,
    ) {
        if sink.signal(projection, signal).await.is_err() {
            self.untold.operation(sink.id());
        }
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

    /// The operation that `previous` hands over to; `None` if its type is not registered.
    pub(crate) fn next(&self, previous: &Model, op_type: &str, id: OperationId) -> Option<Next> {
        let title = self.language(previous).title(&self.registry.find(op_type)?.kind);
        Some(Next { title: title.into(), url: self.renderer.url(op_type, id).into() })
    }

    /// The signal that another operation takes over the page of `previous`, which shows it as waiting until its
    /// own channel says more; `None` if its type is not registered.
    pub(crate) fn chained(
        &self,
        previous: &Model,
        op_type: &str,
        id: OperationId,
    ) -> Option<Signal> {
        let subject = Subject { kind: self.registry.find(op_type)?.kind, id };
        let waiting = Projection::new(subject.kind.stages.len());
        let renderer = self.renderer_of(previous);
        let snapshot = renderer.snapshot(&subject, &waiting);
        let replaces = Some(previous.operation_id());
        let connection = Connection { replaces, ..Connection::default() };
        let container = renderer.container(&subject, waiting.state, &snapshot, &connection);
        let url = renderer.url(op_type, id);
        Some(Signal::Chained(Chained { id, url, container: container.0.into() }))
    }

    /// Tells those who look at a list with the operations of `owner` what changed in it.
    pub(crate) async fn announce(&self, owner: &UserId, change: ListChange) {
        let (owners, all) = (ChannelName::owner(owner), ChannelName::all());
        let (told, told_all) =
            tokio::join!(self.tell(&owners, change.clone()), self.tell(&all, change.clone()));
        // How far a run is by now it says again anyway.
        if change == ListChange::Rows && !(told && told_all) {
            self.untold.owner(owner.clone());
        }
    }

    /// Tells every process that executes operations, this one included, that something waits: these
    /// operations.
    pub(crate) async fn wake_workers(&self, wake_ups: impl IntoIterator<Item = WakeUp>) {
        self.running.wake.notify_one();
        wake_ups.into_iter().for_each(|wake_up| self.outbox.send(wake_up));
        self.tell(&ChannelName::workers(), Hint::Work).await;
    }

    /// Tells whichever process runs this operation to stop.
    pub(crate) async fn stop_run(&self, id: OperationId) {
        if !self.running.cancel(id) {
            self.tell(&ChannelName::workers(), Hint::Cancel(id)).await;
        }
    }

    /// Announces something, and tells whether it could.
    async fn tell(&self, channel: &ChannelName, notice: impl Into<Notice>) -> bool {
        let told = self.layer.announce(channel, notice.into()).await;
        told.inspect_err(|error| {
            tracing::debug!(%channel, error = error as &dyn Error, "not announced");
        })
        .is_ok()
    }

    /// What an operation shows right now where it runs in this process; else what its row remembers.
    pub(crate) fn projection_of(&self, kind: &OperationKind, row: &Model) -> Projection {
        let live = self.running.projection(row.operation_id());
        live.filter(|_| !row.state().is_terminal()).unwrap_or_else(|| row.projection(kind))
    }

    /// The operation of `row` in a list in this language: as `live` shows it, where it runs.
    pub(crate) fn list_row(
        &self,
        row: &Model,
        live: Option<&Projection>,
        language: &Language,
    ) -> ListRow {
        let kind = self.kind_of(row);
        let title =
            kind.map_or_else(|| row.op_type.clone(), |kind| language.title(&kind).into_owned());
        let status = row.error_message.clone().unwrap_or_else(|| row.status_text.clone());
        let list_row = ListRow {
            id: row.operation_id(),
            owner: row.owner_id(),
            state: row.state(),
            title,
            op_type: row.op_type.clone(),
            url: self.page_url(row),
            percent: row.percent,
            status,
            created_on: row.created_on,
            started_on: row.started_on,
            finished_on: row.finished_on,
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

impl Drop for Engine {
    /// Nobody is left who could enqueue anything, and nothing runs.
    fn drop(&mut self) {
        self.running.over.cancel();
    }
}
