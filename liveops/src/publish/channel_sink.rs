//! The sink that publishes a projection to the channel of its operation.

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

/// Interval at which the sink of a quiet run checks that the channel layer still retains the published
/// state.
const RETAINED_CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// Publishes a projection to browsers, through the channel layer.
pub(crate) struct ChannelSink {
    layer: Arc<dyn ChannelLayer>,
    renderer: Renderer,
    subject: Subject,
    channel: ChannelName,
    attempt: Attempt,
    /// Cursor of the newest frame in the history that this sink opened. `None` before the first frame,
    /// and after the layer lost its state: the next frame is then a snapshot.
    newest: Option<Cursor>,
    /// Time at which the layer last confirmed that frame.
    confirmed_on: Instant,
    /// `true` after a later attempt took over: this sink publishes nothing any more.
    is_fenced: bool,
    pending: Changes,
    /// The signals published so far, which a new history repeats.
    signals: Vec<Signal>,
}

impl ChannelSink {
    /// Returns a sink for one attempt of an operation.
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

    /// Returns the operation that the sink shows.
    pub(crate) fn id(&self) -> OperationId {
        self.subject.id
    }

    /// Publishes a signal after all changes shown so far.
    ///
    /// # Errors
    ///
    /// Returns an error if the channel layer's backend failed. Clients may miss the signal then.
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

    /// Publishes the next frame. For a stale attempt, publishes nothing and returns `Ok`.
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
            // The layer has returned to an older state, without frames that clients have received.
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

    /// Returns `true` if `cursor` is not newer than the newest frame of this history.
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
        tracing::debug!(
            channel = %self.channel,
            attempt = %self.attempt,
            error = &error as &dyn Error,
            "could not publish a frame"
        );
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

    /// Checks whether the layer lost its state, which a quiet run would not notice otherwise.
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
                let (channel, error) = (&self.channel, &error as &dyn Error);
                tracing::debug!(%channel, error, "could not check the retained state; retrying");
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
            // The next call tries again; `record_result` has logged the error.
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
            // A frame whose publication failed may have arrived nevertheless, and additions must not
            // arrive twice: replace every region instead.
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
    async fn a_new_history_repeats_the_earlier_signals() {
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
        // The subscription to another channel makes the layer drop the ended one.
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
