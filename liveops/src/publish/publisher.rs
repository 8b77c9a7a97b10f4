//! The publisher: publishes rows to channels, and changes to lists and workers.

use std::{error::Error, sync::Arc};

use tokio::time;
use tracing::Instrument;

use super::{
    ChannelSink, LinkedRow, Presenter, UncommittedEnqueues, retry_queue::PublishRetryQueue,
};
use crate::{
    channel::{ChannelLayer, ListChange, Notice, OpenedBy, PublishError, RowChange, Signal},
    metrics::{frame_published, frame_unpublished},
    operation::{Attempt, ChannelName, OperationId, OperationKind, OperationState, UserId},
    progress::Sink,
    projection::Projection,
    render::Subject,
    span,
    store::{Model, RETRY_AFTER, Store, StoreError},
};

/// Publishes the state of rows, and notifies lists and workers of changes.
///
/// A publication that the channel layer refuses is queued and repeated later, with the state that the
/// row has then.
#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) layer: Arc<dyn ChannelLayer>,
    pub(crate) uncommitted_enqueues: UncommittedEnqueues,
    store: Store,
    presenter: Arc<Presenter>,
    retries: PublishRetryQueue,
}

impl Publisher {
    pub(crate) fn new(
        layer: Arc<dyn ChannelLayer>,
        store: Store,
        presenter: Arc<Presenter>,
    ) -> Self {
        Self {
            layer,
            store,
            presenter,
            uncommitted_enqueues: UncommittedEnqueues::default(),
            retries: PublishRetryQueue::default(),
        }
    }

    /// Returns the sink that publishes the attempt of this row.
    pub(crate) fn sink(&self, kind: OperationKind, row: &Model) -> ChannelSink {
        let subject = Subject { kind, id: row.operation_id() };
        let renderer = self.presenter.renderer_for_row(row);
        ChannelSink::new(self.layer.clone(), renderer, subject, row.attempt_number())
    }

    /// Publishes the state of a row that changed outside of a run, and notifies the lists.
    pub(crate) async fn publish_row(self: &Arc<Self>, row: &Model) {
        let kind = self.presenter.kind_of(row);
        if row.state().is_terminal() {
            if let Err(error) = self.publish_end(kind, row).await {
                let (id, error) = (row.operation_id(), &error as &dyn Error);
                tracing::debug!(%id, error, "could not publish the ending; retrying");
                self.retry_operation(row.operation_id());
            }
        } else {
            self.publish_waiting(kind, row).await;
        }
        self.announce_row(row).await;
    }

    async fn publish_end(
        self: &Arc<Self>,
        kind: OperationKind,
        row: &Model,
    ) -> Result<(), StoreError> {
        let (projection, signals) = self.ending(&kind, row).await?;
        let mut sink = self.sink(kind, row);
        sink.show(&projection, projection.everything()).await;
        for signal in signals {
            self.signal(&mut sink, &projection, signal).await;
        }
        Ok(())
    }

    /// Returns the projection of an operation that has ended, and the signals of its end.
    pub(crate) async fn ending(
        &self,
        kind: &OperationKind,
        row: &Model,
    ) -> Result<(Projection, Vec<Signal>), StoreError> {
        let mut projection = row.projection(kind);
        projection.bar = self.store.stopped_bar(row).await?;
        projection.log = self.store.log_tail(row).await?;
        let mut signals = vec![self.presenter.finished_signal(row)];
        if let Some(next) = self.store.find_next(row.operation_id()).await? {
            let next = LinkedRow::of(&next);
            signals.push(self.presenter.chained_signal(row, next));
            projection.next = Some(self.presenter.link(row, next));
        }
        Ok((projection, signals))
    }

    /// Returns the projection of an operation that waits, or that runs in another process.
    pub(crate) async fn unfinished(
        &self,
        kind: &OperationKind,
        row: &Model,
    ) -> Result<Projection, StoreError> {
        let mut projection = row.projection(kind);
        // An operation that has not run has no log.
        if row.attempt_number() > Attempt(1) || row.state() == OperationState::Started {
            projection.log = self.store.log_tail(row).await?;
        }
        Ok(projection)
    }

    /// Publishes an operation that waits for its attempt, unless a worker has already started the
    /// attempt.
    async fn publish_waiting(self: &Arc<Self>, kind: OperationKind, row: &Model) {
        let (id, attempt) = (row.operation_id(), row.attempt_number());
        let projection = match self.unfinished(&kind, row).await {
            Ok(projection) => projection,
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::debug!(%id, %attempt, error, "could not publish a waiting operation; retrying");
                return self.retry_operation(id);
            }
        };
        let snapshot =
            self.presenter.renderer_for_row(row).snapshot(&Subject { kind, id }, &projection);
        let channel = ChannelName::operation(id);
        let opening = self.layer.open(&channel, attempt, OpenedBy::Queue, snapshot);
        let span = span::push(kind.op_type, id, attempt);
        let Err(error) = opening.instrument(span).await else { return frame_published() };
        tracing::debug!(
            %channel,
            %attempt,
            error = &error as &dyn Error,
            "could not publish a waiting operation"
        );
        // A stale attempt is not counted as a failure: a worker has already started the attempt.
        if let PublishError::Backend(_) = error {
            frame_unpublished(error.reason());
            self.retry_operation(id);
        }
    }

    /// Publishes a signal, now or as soon as the channel layer accepts it.
    pub(crate) async fn signal(
        self: &Arc<Self>,
        sink: &mut ChannelSink,
        projection: &Projection,
        signal: Signal,
    ) {
        if sink.signal(projection, signal).await.is_err() {
            self.retry_operation(sink.id());
        }
    }

    /// Notifies the lists that show an operation that the operation was added or changed its state.
    pub(crate) async fn announce_row(self: &Arc<Self>, row: &Model) {
        let owner = row.owner_id();
        let change = RowChange {
            id: row.operation_id(),
            op_type: row.op_type.as_str().into(),
            owner: owner.clone(),
            state: row.state(),
        };
        self.announce(&owner, ListChange::Row(change)).await;
    }

    /// Notifies the lists that show the operations of `owner` of a change.
    pub(crate) async fn announce(self: &Arc<Self>, owner: &UserId, change: ListChange) {
        let (owners, all) = (ChannelName::owner(owner), ChannelName::all());
        let (sent, sent_all) =
            tokio::join!(self.notify(&owners, change.clone()), self.notify(&all, change.clone()));
        // Progress is not queued, because the run reports newer progress soon.
        let is_lost = !(sent && sent_all);
        if is_lost && !matches!(change, ListChange::Progress(_)) {
            self.retries.push_owner(owner.clone());
            self.start_retrying();
        }
    }

    /// Sends a notice to the subscribers of `channel`. Returns `true` if the channel layer accepted it.
    pub(crate) async fn notify(&self, channel: &ChannelName, notice: impl Into<Notice>) -> bool {
        let sent = self.layer.announce(channel, notice.into()).await;
        sent.inspect_err(|error| {
            tracing::debug!(%channel, error = error as &dyn Error, "could not send a notice");
        })
        .is_ok()
    }

    fn retry_operation(self: &Arc<Self>, id: OperationId) {
        self.retries.push_operation(id);
        self.start_retrying();
    }

    /// Starts the task that empties the retry queue, unless the task runs already.
    fn start_retrying(self: &Arc<Self>) {
        if !self.retries.start() {
            return;
        }
        // Weak: a queue that cannot be emptied must not keep a dropped application alive.
        let publisher = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                time::sleep(RETRY_AFTER).await;
                let Some(publisher) = publisher.upgrade() else { return };
                let Some((operations, owners)) = publisher.retries.take() else { return };
                for owner in owners {
                    publisher.announce(&owner, ListChange::Rows).await;
                }
                for id in operations {
                    publisher.publish_by_id(id).await;
                }
            }
        });
    }

    async fn publish_by_id(self: &Arc<Self>, id: OperationId) {
        match self.store.find(id).await {
            Ok(Some(row)) => self.publish_row(&row).await,
            Ok(None) => {}
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::debug!(%id, error, "could not read a row to publish; retrying");
                self.retry_operation(id);
            }
        }
    }
}
