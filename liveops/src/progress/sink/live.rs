use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::Sink;
use crate::{
    channel::{ChannelLayer, Opener, Payload, PublishError, Signal},
    operation::{Attempt, ChannelName},
    projection::{Changes, Projection},
    render::{Renderer, Subject},
};

/// Shows a projection to every browser that watches, through the channel layer.
pub struct LiveSink {
    layer: Arc<dyn ChannelLayer>,
    renderer: Renderer,
    subject: Subject,
    channel: ChannelName,
    attempt: Attempt,
    /// Whether this attempt holds the channel: the first frame, and one after the layer lost its
    /// state, is a snapshot.
    opened: bool,
    /// A later attempt took over, and nothing this one says is shown any more.
    stale: bool,
    owed: Changes,
    /// The signals given so far: a history that begins anew has them as well.
    given: Vec<Signal>,
}

impl LiveSink {
    /// A sink for one attempt of an operation.
    pub fn new(
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
            opened: false,
            stale: false,
            owed: Changes::default(),
            given: Vec::new(),
        }
    }

    /// Publishes a signal behind everything shown so far.
    pub async fn signal(&mut self, projection: &Projection, signal: Signal) {
        self.given.push(signal.clone());
        if let Err(PublishError::NotOpen) = self.publish(Payload::Signal(signal)).await {
            self.open(projection).await;
            for signal in self.given.clone() {
                // What is in the way has been noted.
                let _ = self.publish(Payload::Signal(signal)).await;
            }
        }
    }

    async fn publish(&mut self, payload: Payload) -> Result<(), PublishError> {
        if self.stale {
            return Ok(());
        }
        if !self.opened {
            return Err(PublishError::NotOpen);
        }
        let result = self.layer.publish(&self.channel, self.attempt, payload).await;
        if let Err(error) = &result {
            self.note(error);
        }
        result.map(drop)
    }

    async fn open(&mut self, projection: &Projection) {
        let snapshot = self.renderer.snapshot(&self.subject, projection);
        match self.layer.open(&self.channel, self.attempt, Opener::Run, snapshot).await {
            Ok(_) => {
                self.opened = true;
                self.owed = Changes::default();
            }
            Err(error) => self.note(&error),
        }
    }

    fn note(&mut self, error: &PublishError) {
        match error {
            PublishError::Stale { .. } => self.stale = true,
            PublishError::NotOpen => self.opened = false,
            PublishError::Backend(_) => {}
        }
        tracing::debug!(channel = %self.channel, attempt = %self.attempt, %error, "not published");
    }
}

#[async_trait]
impl Sink for LiveSink {
    async fn show(&mut self, projection: &Projection, changes: Changes) {
        if self.stale {
            return;
        }
        if !self.opened {
            return self.open(projection).await;
        }
        self.owed.merge(changes);
        if self.owed.is_empty() {
            return;
        }
        let fragments = self.renderer.fragments(&self.subject, projection, self.owed.clone());
        match self.publish(Payload::Fragments(fragments)).await {
            Ok(()) => self.owed = Changes::default(),
            Err(PublishError::NotOpen) => self.open(projection).await,
            // Whether a frame whose publication failed arrived is unknown, and additions must not
            // arrive twice: replace what is owed.
            Err(_) => self.owed = projection.everything(),
        }
    }
}

impl fmt::Debug for LiveSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveSink")
            .field("channel", &self.channel)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        channel::{Chained, Finished, MemoryChannelLayer, Missing, News},
        operation::{OperationId, OperationKind, OperationState, Policy, UserId},
        render::Templates,
    };

    const KIND: OperationKind = OperationKind {
        op_type: "test.steps",
        title: "Steps",
        stages: &[],
        stage_weights: &[],
        host_template: "",
        result_template: "",
        result_text_template: "",
        policy: Policy::DEFAULT,
    };

    #[tokio::test]
    async fn a_history_that_begins_anew_has_the_signals_given_before() {
        let layer = MemoryChannelLayer::new().with_retention(Duration::ZERO);
        let subject = Subject { kind: KIND, id: OperationId::new() };
        let renderer = Renderer::new(Templates::new(), "/live");
        let mut sink = LiveSink::new(Arc::new(layer.clone()), renderer, subject, Attempt(1));
        let projection = Projection::new(0);
        let finished = Signal::Finished(Finished {
            id: subject.id,
            state: OperationState::FinishedOk,
            url: "/live/".to_owned(),
            success_url: None,
        });
        let chained = Signal::Chained(Chained {
            id: OperationId::new(),
            url: "/live/".to_owned(),
            container: "".into(),
        });

        sink.show(&projection, projection.everything()).await;
        sink.signal(&projection, finished.clone()).await;
        // Somebody else's subscription makes the layer forget what has ended.
        layer.subscribe(&ChannelName::owner(&UserId::from("ann"))).await.unwrap();
        let channel = ChannelName::operation(subject.id);
        assert_eq!(layer.catch_up(&channel, None).await.unwrap(), None);

        sink.signal(&projection, chained.clone()).await;
        let state = layer.catch_up(&channel, None).await.unwrap().unwrap();
        let Missing::Reset(News { signals, .. }) = state.missing else { panic!("{state:?}") };
        assert_eq!(signals, [finished, chained]);
    }
}
