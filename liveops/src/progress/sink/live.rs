use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::Sink;
use crate::{
    channel::{ChannelLayer, Payload, PublishError, Signal},
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
        }
    }

    /// Publishes a signal behind everything shown so far.
    pub async fn signal(&mut self, projection: &Projection, signal: Signal) {
        let payload = Payload::Signal(signal);
        if let Err(PublishError::NotOpen) = self.publish(payload.clone()).await {
            self.open(projection).await;
            // What is in the way has been noted.
            let _ = self.publish(payload).await;
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
        match self.layer.open(&self.channel, self.attempt, snapshot).await {
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
