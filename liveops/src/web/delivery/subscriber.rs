use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::Stream;
use tokio::time::Duration;

use super::{
    catch_up::Look,
    close::Close,
    flow_control::Place,
    hub::{Item, Watch},
    messages::{self, Message, ServerMessage},
};
use crate::{
    channel::{Cursor, Finished, Frame, Missing, Payload, Signal, Verdict},
    metrics::client_caught_up,
    operation::{ChannelName, OperationId, OperationState},
    store::StoreError,
    web::{auth::viewer::Viewer, state::Web},
};

/// One client that follows one channel, and what it gets next.
///
/// Whatever the hub lost, doubled or mixed up, and however slow the client is, it gets no frame
/// twice and misses none for good.
#[derive(Debug)]
pub(in crate::web) struct Follower {
    web: Web,
    viewer: Arc<Viewer>,
    channel: ChannelName,
    watch: Watch,
    /// Lists have no places, and stay at none.
    place: Place,
}

/// What a client gets.
#[derive(Debug)]
pub(in crate::web) enum Step {
    Nothing,
    Send(Vec<Message>),
    /// Whatever [`Follower::catch_up`] gives.
    CatchUp,
}

impl Follower {
    /// Follows `channel` from `since`, and gives what brings the client up to date.
    pub(in crate::web) async fn begin(
        web: Web,
        viewer: Arc<Viewer>,
        channel: ChannelName,
        since: Option<Cursor>,
    ) -> Result<(Self, Vec<Message>), Close> {
        // First, so that nothing falls in between.
        let watch = web.hub.watch(&channel).await?;
        let mut follower = Self { web, viewer, channel, watch, place: Place::at(since) };
        let (mut messages, catch_up) = match follower.channel.operation_id() {
            Some(id) => {
                let look = follower.look(id).await?;
                let catch_up = match &look.missing {
                    Missing::Nothing => "up_to_date",
                    Missing::Delta(_) => "delta",
                    Missing::Reset(_) => "reset",
                };
                (follower.bring(look).await?, catch_up)
            }
            // Whoever follows a list loads it.
            None => (Vec::new(), "reset"),
        };
        let cursor = follower.place.cursor();
        let subscribed = ServerMessage::Subscribed {
            channel: follower.channel.as_str(),
            cursor: cursor.map(|cursor| cursor.to_string()),
            catch_up,
        };
        messages.push(Message { cursor, text: subscribed.encode() });
        Ok((follower, messages))
    }

    fn take(&mut self, item: Item) -> Result<Step, Close> {
        match item {
            // The end comes with what went wrong, which is not in the channel.
            Item::Frame(frame, _) if self.viewer.is_superuser && tells_of_failure(&frame) => {
                Ok(step(self.place.lost()))
            }
            Item::Frame(frame, text) => match self.place.judge(frame.cursor) {
                Verdict::Drop => Ok(Step::Nothing),
                Verdict::CatchUp => Ok(Step::CatchUp),
                Verdict::Deliver => {
                    let messages = match text {
                        Some(text) => vec![Message { cursor: Some(frame.cursor), text }],
                        None => {
                            messages::encode_frame(&self.web, &self.viewer, &self.channel, &frame)?
                        }
                    };
                    Ok(Step::Send(messages))
                }
            },
            Item::List(_, text) => Ok(Step::Send(vec![Message { cursor: None, text }])),
            Item::Lost if self.channel.operation_id().is_none() => {
                let text = messages::encode_list_changed(&self.channel);
                Ok(Step::Send(vec![Message { cursor: None, text }]))
            }
            Item::Lost => Ok(step(self.place.lost())),
            Item::Ended => Err(Close::FAILED),
        }
    }

    /// Hears how far the client says to have come.
    pub(in crate::web) fn acknowledge(&mut self, cursor: Cursor) -> Step {
        step(self.place.acknowledge(cursor))
    }

    /// For how long frames have been held back from the client.
    pub(in crate::web) fn held_for(&self) -> Duration {
        self.place.held_for()
    }

    /// What brings the client to where the channel is now.
    pub(in crate::web) async fn catch_up(&mut self) -> Result<Vec<Message>, Close> {
        let Some(id) = self.channel.operation_id() else { return Ok(Vec::new()) };
        let look = self.look(id).await?.unless_behind(self.place.cursor());
        self.bring(look).await
    }

    /// Looks at the operation when it is this client's turn: in a box, as that is rare, and takes
    /// more room than all else that a connection has, which would be kept free for it all the time.
    async fn look(&self, id: OperationId) -> Result<Look, Close> {
        let _turn = self.web.looks.acquire().await.expect("the semaphore is never closed");
        Box::pin(self.look_now(id)).await
    }

    async fn look_now(&self, id: OperationId) -> Result<Look, Close> {
        let engine = self.web.engine();
        let row = engine.store.find(id).await?.ok_or(Close::NOT_ALLOWED)?;
        let operation = engine.registry.find(&row.op_type).ok_or(Close::NOT_ALLOWED)?;
        Ok(Look::at(engine, &operation.kind, &row, self.place.cursor()).await?)
    }

    /// The messages that bring the client to what was looked at.
    async fn bring(&mut self, look: Look) -> Result<Vec<Message>, Close> {
        client_caught_up(look.kind());
        let Look { cursor, missing } = look;
        let traceback = if self.viewer.is_superuser && missing.signals().iter().any(is_failure) {
            Box::pin(self.traceback(cursor)).await?
        } else {
            None
        };
        self.place.come_to(cursor);
        let (viewer, traceback) = (&self.viewer, traceback.as_deref());
        Ok(messages::encode_catch_up(&self.web, viewer, &self.channel, cursor, missing, traceback)?)
    }

    /// What went wrong in the run that ended at `cursor`, off a row that is not older than that.
    async fn traceback(&self, cursor: Cursor) -> Result<Option<String>, StoreError> {
        let Some(id) = self.channel.operation_id() else { return Ok(None) };
        let row = self.web.engine().store.find(id).await?;
        let row = row.filter(|row| row.attempt_number() == cursor.epoch.attempt);
        Ok(row.and_then(|row| self.viewer.traceback_of(&row).map(str::to_owned)))
    }
}

/// What the client gets, as the hub gives it.
impl Stream for Follower {
    type Item = Result<Step, Close>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.watch).poll_next(cx));
        Poll::Ready(item.map(|item| self.take(item)))
    }
}

fn tells_of_failure(frame: &Frame) -> bool {
    matches!(&frame.payload, Payload::Signal(signal) if is_failure(signal))
}

fn is_failure(signal: &Signal) -> bool {
    matches!(signal, Signal::Finished(Finished { state: OperationState::FinishedError, .. }))
}

/// A verdict where there is no frame to deliver.
fn step(verdict: Verdict) -> Step {
    match verdict {
        Verdict::CatchUp => Step::CatchUp,
        Verdict::Deliver | Verdict::Drop => Step::Nothing,
    }
}
