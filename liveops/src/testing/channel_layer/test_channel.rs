//! One channel of the layer under test, with calls that fail the test when the layer does.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::timeout;

use crate::{
    channel::{
        CatchUp, CatchUpAnswer, CatchUpContent, ChannelLayer, Cursor, Delivery, Frame, Lagged,
        OpenedBy, Payload, PublishError, Subscription,
    },
    operation::{Attempt, ChannelName, OperationId},
    projection::Region,
    render::Fragment,
};

/// Time within which a subscriber must receive what was published.
const DELIVERY_MAX: Duration = Duration::from_secs(30);

/// A channel of its own on the layer under test.
#[derive(Debug)]
pub(super) struct TestChannel<L> {
    pub(super) layer: Arc<L>,
    pub(super) name: ChannelName,
}

impl<L: ChannelLayer> TestChannel<L> {
    pub(super) fn new(layer: L) -> Self {
        Self::on(Arc::new(layer), ChannelName::operation(OperationId::new()))
    }

    pub(super) fn on(layer: Arc<L>, name: ChannelName) -> Self {
        Self { layer, name }
    }

    /// Another channel of the same layer.
    pub(super) fn another(&self) -> Self {
        Self::on(self.layer.clone(), ChannelName::operation(OperationId::new()))
    }

    pub(super) async fn open(&self, attempt: Attempt) -> Cursor {
        succeeded("open", self.try_open(attempt, OpenedBy::Run).await)
    }

    pub(super) async fn try_open(
        &self,
        attempt: Attempt,
        opened_by: OpenedBy,
    ) -> Result<Cursor, PublishError> {
        self.layer.open(&self.name, attempt, opened_by, opening()).await
    }

    pub(super) async fn publish(&self, attempt: Attempt, payload: Payload) -> Cursor {
        succeeded("publish", self.layer.publish(&self.name, attempt, payload).await)
    }

    /// Publishes a status, which the layer may refuse.
    pub(super) async fn try_publish(&self, attempt: Attempt) -> Result<Cursor, PublishError> {
        self.layer.publish(&self.name, attempt, status("refused")).await
    }

    pub(super) async fn subscribe(&self) -> Subscription {
        succeeded("subscribe", self.layer.subscribe(&self.name).await)
    }

    pub(super) async fn catch_up(&self, since: Option<Cursor>) -> CatchUp {
        self.state(since).await.expect("`catch_up` returns the state of an open channel")
    }

    /// Returns the answer of the layer, `None` where the layer retains nothing.
    pub(super) async fn state(&self, since: Option<Cursor>) -> Option<CatchUp> {
        succeeded("catch_up", self.layer.catch_up(&self.name, since).await)
    }

    pub(super) async fn ping(&self) {
        succeeded("ping", self.layer.ping().await);
    }
}

#[track_caller]
fn succeeded<T, E: fmt::Display>(method: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("expected `{method}` to succeed, found: {error}"))
}

/// Waits for the next delivery. A delivery that does not arrive fails the test.
pub(super) async fn next_delivery(subscription: &mut Subscription) -> Result<Delivery, Lagged> {
    let delivery = timeout(DELIVERY_MAX, subscription.next()).await;
    let delivery = delivery
        .unwrap_or_else(|_| panic!("expected a delivery, found none within {DELIVERY_MAX:?}"));
    delivery.expect("the subscription lasts as long as the layer")
}

pub(super) async fn next_frame(subscription: &mut Subscription) -> Arc<Frame> {
    match next_delivery(subscription).await {
        Ok(Delivery::Frame(frame)) => frame,
        other => panic!("expected a frame, found {other:?}"),
    }
}

#[track_caller]
pub(super) fn delta(catch_up: CatchUp) -> CatchUpContent {
    match catch_up.answer {
        CatchUpAnswer::Delta(content) => content,
        other => panic!("expected a delta, found {other:?}"),
    }
}

#[track_caller]
pub(super) fn reset(catch_up: CatchUp) -> CatchUpContent {
    match catch_up.answer {
        CatchUpAnswer::Reset(content) => content,
        other => panic!("expected a reset, found {other:?}"),
    }
}

/// The snapshot that begins each history.
pub(super) fn opening() -> Vec<Fragment> {
    vec![Fragment::replace(Region::Status, "begun"), Fragment::replace(Region::Log, "")]
}

pub(super) fn status(text: &str) -> Payload {
    Payload::Fragments(vec![Fragment::replace(Region::Status, text)])
}

pub(super) fn log(lines: u32, text: &str) -> Payload {
    Payload::Fragments(vec![Fragment::append(Region::Log, lines, text)])
}
