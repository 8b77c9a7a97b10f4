use std::{error::Error, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use crate::{
    channel::{ChannelLayer, Cursor, OpenedBy, Payload, PublishError, Signal},
    metrics::{frame_published, frame_unpublished},
    operation::{Attempt, ChannelName, OperationId},
    progress::Sink,
    projection::{Changes, Projection},
    render::{Renderer, Subject},
    span,
};

/// How often the channel layer is asked whether it still has what a run has shown that says nothing.
const RETAINED_CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// Shows a projection to every browser that watches, through the channel layer.
pub(crate) struct ChannelSink {
    layer: Arc<dyn ChannelLayer>,
    renderer: Renderer,
    subject: Subject,
    channel: ChannelName,
    attempt: Attempt,
    /// The newest frame of the history that this opened: the first one, and one after the layer lost
    /// its state, is a snapshot.
    newest: Option<Cursor>,
    /// When the layer last said that it has that frame.
    confirmed_on: Instant,
    /// A later attempt took over, and nothing this one says is shown any more.
    is_fenced: bool,
    pending: Changes,
    /// The signals given so far: a history that begins anew has them as well.
    signals: Vec<Signal>,
}

impl ChannelSink {
    /// A sink for one attempt of an operation.
    pub(crate) fn new(
        layer: Arc<dyn ChannelLayer>,
        renderer: Renderer,
        subject: Subject,
        attempt: Attempt,
    ) -> Self {
        Self {
            layer,
            renderer,
            channel: ChannelName::operation(subject.id),
            subject,
            attempt,
            newest: None,
            confirmed_on: Instant::now(),
            is_fenced: false,
            pending: Changes::default(),
            signals: Vec::new(),
        }
    }

    /// Which operation is shown.
    pub(crate) fn id(&self) -> OperationId {
        self.subject.id
    }

    /// Publishes a signal behind everything shown so far.
    ///
    /// # Errors
    ///
    /// When the channel layer's backend failed. Then those who watch may not hear of it.
    pub(crate) async fn signal(
        &mut self,
        projection: &Projection,
        signal: Signal,
    ) -> Result<(), PublishError> {
        self.signals.push(signal.clone());
        if self.pending.is_empty() {
            match self.publish(Payload::Signal(signal)).await {
                Err(PublishError::NotOpen) => {}
                published => return published,
            }
        }
        self.open(projection).await?;
        for signal in self.signals.clone() {
            self.publish(Payload::Signal(signal)).await?;
        }
        Ok(())
    }

    /// Publishes the next frame. What a stale attempt says is for nobody, which is no error.
    async fn publish(&mut self, payload: Payload) -> Result<(), PublishError> {
        if self.is_fenced {
            return Ok(());
        }
        if self.newest.is_none() {
            return Err(PublishError::NotOpen);
        }
        let publishing = self.layer.publish(&self.channel, self.attempt, payload);
        let mut result = publishing.instrument(self.span()).await;
        if result.as_ref().is_ok_and(|cursor| self.is_behind(*cursor)) {
            // The layer is back with a state it had before, without what pages have seen since.
            result = Err(PublishError::NotOpen);
        }
        self.record_result(result)
    }

    async fn open(&mut self, projection: &Projection) -> Result<(), PublishError> {
        if self.is_fenced {
            return Ok(());
        }
        let snapshot = self.renderer.snapshot(&self.subject, projection);
        let opening = self.layer.open(&self.channel, self.attempt, OpenedBy::Run, snapshot);
        let result = opening.instrument(self.span()).await;
        self.record_result(result)?;
        self.pending = Changes::default();
        Ok(())
    }

    /// Whether a place is one that the channel had left already.
    fn is_behind(&self, cursor: Cursor) -> bool {
        self.newest.is_some_and(|newest| newest.epoch == cursor.epoch && newest.seq >= cursor.seq)
    }

    fn span(&self) -> Span {
        span::push(self.subject.kind.op_type, self.subject.id, self.attempt)
    }

    fn record_result(
        &mut self,
        published: Result<Cursor, PublishError>,
    ) -> Result<(), PublishError> {
        let error = match published {
            Ok(cursor) => {
                frame_published();
                self.newest = Some(cursor);
                self.confirmed_on = Instant::now();
                return Ok(());
            }
            Err(error) => error,
        };
        frame_unpublished(error.reason());
        let (channel, attempt) = (&self.channel, self.attempt);
        tracing::debug!(%channel, %attempt, error = &error as &dyn Error, "not published");
        match error {
            PublishError::Stale { .. } => {
                self.is_fenced = true;
                Ok(())
            }
            PublishError::NotOpen => {
                self.newest = None;
                Err(error)
            }
            PublishError::Backend(_) => Err(error),
        }
    }

    /// Finds out whether the layer lost its state, which nobody would hear of while a run says
    /// nothing.
    async fn check_retained_state(&mut self) {
        if self.confirmed_on.elapsed() < RETAINED_CHECK_INTERVAL {
            return;
        }
        match self.layer.catch_up(&self.channel, self.newest).await {
            Ok(state) => {
                self.confirmed_on = Instant::now();
                if state.map(|state| state.cursor) != self.newest {
                    self.newest = None;
                }
            }
            Err(error) => {
                let channel = &self.channel;
                tracing::debug!(%channel, error = &error as &dyn Error, "will ask again");
            }
        }
    }
}

#[async_trait]
impl Sink for ChannelSink {
    async fn show(&mut self, projection: &Projection, changes: Changes) {
        if self.is_fenced {
            return;
        }
        self.pending.merge(changes);
        if self.newest.is_some() && self.pending.is_empty() {
            self.check_retained_state().await;
        }
        if self.newest.is_none() {
            // It is tried again at the next call, and what is in the way has been noted.
            let _ = self.open(projection).await;
            return;
        }
        if self.pending.is_empty() {
            return;
        }
        let fragments = self.renderer.fragments(&self.subject, projection, self.pending.clone());
        match self.publish(Payload::Fragments(fragments)).await {
            Ok(()) => self.pending = Changes::default(),
            Err(PublishError::NotOpen) => {
                let _ = self.open(projection).await;
            }
            // Whether a frame whose publication failed arrived is unknown, and additions must not
            // arrive twice: replace what is owed.
            Err(_) => self.pending = projection.everything(),
        }
    }
}

impl fmt::Debug for ChannelSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelSink")
            .field("channel", &self.channel)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        channel::{CatchUpAnswer, CatchUpContent, Chained, Finished, MemoryChannelLayer},
        operation::{OperationKind, OperationState, UserId},
        render::Templates,
    };

    const KIND: OperationKind = OperationKind::for_tests("test.steps", "Steps", &[]);

    #[tokio::test]
    async fn a_history_that_begins_anew_has_the_signals_given_before() {
        let layer = MemoryChannelLayer::new().with_retention(Duration::ZERO);
        let subject = Subject { kind: KIND, id: OperationId::new() };
        let renderer = Renderer::new(Templates::new(), "/live");
        let mut sink = ChannelSink::new(Arc::new(layer.clone()), renderer, subject, Attempt(1));
        let projection = Projection::new(0);
        let finished_signal = Signal::Finished(Finished {
            id: subject.id,
            state: OperationState::FinishedOk,
            url: "/live/".to_owned(),
            success_url: None,
        });
        let chained_signal = Signal::Chained(Chained {
            id: OperationId::new(),
            url: "/live/".to_owned(),
            container: "".into(),
        });

        sink.show(&projection, projection.everything()).await;
        sink.signal(&projection, finished_signal.clone()).await.unwrap();
        // Somebody else's subscription makes the layer forget what has ended.
        layer.subscribe(&ChannelName::owner(&UserId::from("ann"))).await.unwrap();
        let channel = ChannelName::operation(subject.id);
        assert_eq!(layer.catch_up(&channel, None).await.unwrap(), None);

        sink.signal(&projection, chained_signal.clone()).await.unwrap();
        let state = layer.catch_up(&channel, None).await.unwrap().unwrap();
        let CatchUpAnswer::Reset(CatchUpContent { signals, .. }) = state.answer else {
            panic!("{state:?}")
        };
        assert_eq!(signals, [finished_signal, chained_signal]);
    }
}
