//! The subscription of one client to one channel, independent of the transport.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::Stream;
use tokio::time::Duration;

use super::{
    catch_up::CatchUpState,
    close::Close,
    flow_control::DeliveryWindow,
    hub::{HubItem, HubSubscription, RowsUnavailable},
    messages::{self, OutgoingMessage, ServerMessage, WIRE_VERSION},
};
use crate::{
    access::AccessedOperation,
    channel::{
        CatchUpAnswer, Cursor, Finished, Frame, FrameDecision, ListChange, Payload, RowProgress,
        Signal,
    },
    metrics::client_caught_up,
    operation::{ChannelName, OperationId, OperationState, UserId},
    store::{RowState, StoreError},
    web::{auth::viewer::Viewer, state::Web},
};

/// The subscription of one client to one channel.
///
/// The client gets no frame twice, and a catch-up repairs every loss, even if the hub loses, duplicates or
/// reorders frames or the client is slow.
#[derive(Debug)]
pub(in crate::web) struct Subscriber {
    web: Web,
    viewer: Arc<Viewer>,
    channel: ChannelName,
    /// The type and the owner of the operation. `None` if the channel is a list, and before the first state.
    operation: Option<(Arc<str>, UserId)>,
    subscription: HubSubscription,
    /// Has no cursor if the channel is a list.
    window: DeliveryWindow,
}

/// The next action for a client.
#[derive(Debug)]
pub(in crate::web) enum Step {
    Nothing,
    Send(Vec<OutgoingMessage>),
    /// Send the messages that [`Subscriber::catch_up`] returns.
    CatchUp,
}

impl Subscriber {
    /// Subscribes a client at `since` to `channel`, and returns the messages that bring the client up to
    /// date.
    pub(in crate::web) async fn begin(
        web: Web,
        viewer: Arc<Viewer>,
        channel: ChannelName,
        since: Option<Cursor>,
    ) -> Result<(Self, Vec<OutgoingMessage>), Close> {
        // Subscribe before loading the state, so that no frame is lost between the two.
        let subscription = web.hub.subscribe(&channel).await?;
        let window = DeliveryWindow::starting_at(since);
        let mut subscriber = Self { web, viewer, channel, operation: None, subscription, window };
        let (mut messages, catch_up) = match subscriber.channel.operation_id() {
            Some(id) => {
                let current = subscriber.load_state(id).await?;
                let catch_up = match &current.answer {
                    CatchUpAnswer::UpToDate => "up_to_date",
                    CatchUpAnswer::Delta(_) => "delta",
                    CatchUpAnswer::Reset(_) => "reset",
                };
                (subscriber.catch_up_to(current).await?, catch_up)
            }
            None => {
                subscriber.check_access()?;
                // The client loads a list itself.
                (Vec::new(), "reset")
            }
        };
        let cursor = subscriber.window.cursor();
        let subscribed = ServerMessage::Subscribed {
            channel: subscriber.channel.as_str(),
            cursor: cursor.map(|cursor| cursor.to_string()),
            catch_up,
            wire: WIRE_VERSION,
        };
        messages.push(OutgoingMessage { cursor, text: subscribed.encode() });
        Ok((subscriber, messages))
    }

    fn take(&mut self, item: HubItem) -> Result<Step, Close> {
        match item {
            // Staff receive the traceback with the end. The traceback is not in the channel, so it needs a
            // catch-up.
            HubItem::Frame(frame, _) if self.viewer.is_staff && reports_failure(&frame) => {
                Ok(step(self.window.decide_after_loss()))
            }
            HubItem::Frame(frame, text) => match self.window.decide(frame.cursor) {
                FrameDecision::Skip => Ok(Step::Nothing),
                FrameDecision::CatchUp => Ok(Step::CatchUp),
                FrameDecision::Apply => {
                    let messages = match text {
                        Some(text) => vec![OutgoingMessage { cursor: Some(frame.cursor), text }],
                        None if self.is_refused_chain(&frame.payload) => return Ok(Step::Nothing),
                        None => {
                            messages::encode_frame(&self.web, &self.viewer, &self.channel, &frame)?
                        }
                    };
                    Ok(Step::Send(messages))
                }
            },
            HubItem::List(ListChange::Progress(progress), _)
                if !self.may_see_progress(&progress) =>
            {
                Ok(Step::Nothing)
            }
            HubItem::List(_, text) => Ok(Step::Send(vec![OutgoingMessage { cursor: None, text }])),
            HubItem::Lost if self.channel.operation_id().is_none() => {
                let text = messages::encode_list_changed(&self.channel);
                Ok(Step::Send(vec![OutgoingMessage { cursor: None, text }]))
            }
            HubItem::Lost => Ok(step(self.window.decide_after_loss())),
            HubItem::Ended => Err(Close::FAILED),
        }
    }

    /// Checks with the access policy that the viewer may follow the channel. A refusal and a missing operation give the
    /// same error.
    ///
    /// Called after each load of a state, and at every keepalive: the policy may have changed, and an older token may
    /// be from a time when the viewer had more rights.
    pub(in crate::web) fn check_access(&self) -> Result<(), Close> {
        let access = &self.web.engine().access;
        let may_follow = match (self.channel.operation_id(), &self.operation) {
            (Some(id), Some((op_type, owner))) => {
                let operation = AccessedOperation::new(id, op_type, owner.as_str());
                access.may_see(&self.viewer, operation)
            }
            (Some(_), None) => false,
            (None, _) => access.may_follow_list(&self.viewer, &self.channel),
        };
        may_follow.then_some(()).ok_or(Close::NOT_ALLOWED)
    }

    fn may_see_progress(&self, progress: &RowProgress) -> bool {
        self.web.engine().access.may_see_progress(&self.viewer, &self.channel, progress)
    }

    /// Returns `true` if the payload hands the page over to an operation that the viewer may not see. The page then
    /// stays at the operation that has ended.
    fn is_refused_chain(&self, payload: &Payload) -> bool {
        matches!(payload, Payload::Signal(signal) if self.is_refused(signal))
    }

    fn is_refused(&self, signal: &Signal) -> bool {
        let (Signal::Chained(next), Some((_, owner))) = (signal, &self.operation) else {
            return false;
        };
        // An operation and the next one have the same owner.
        let next = AccessedOperation::new(next.id, next.op_type(), owner.as_str());
        !self.web.engine().access.may_see(&self.viewer, next)
    }

    /// Records an acknowledgement of the client.
    pub(in crate::web) fn acknowledge(&mut self, cursor: Cursor) -> Step {
        step(self.window.acknowledge(cursor))
    }

    /// Returns the time for which frames have been held back from the client.
    pub(in crate::web) fn held_for(&self) -> Duration {
        self.window.held_for()
    }

    /// Returns the messages that bring the client to the current state of the channel.
    pub(in crate::web) async fn catch_up(&mut self) -> Result<Vec<OutgoingMessage>, Close> {
        let Some(id) = self.channel.operation_id() else { return Ok(Vec::new()) };
        let current = self.load_state(id).await?.unless_client_is_ahead(self.window.cursor());
        self.catch_up_to(current).await
    }

    /// Loads the state of the operation.
    ///
    /// The future is boxed: a catch-up is rare and takes more memory than the rest of a connection, which
    /// would otherwise reserve that memory all the time.
    async fn load_state(&mut self, id: OperationId) -> Result<CatchUpState, Close> {
        Box::pin(async {
            match self.retained_state(id).await? {
                Some(current) => Ok(current),
                None => self.load_from_row(id).await,
            }
        })
        .await
    }

    /// Returns the state in the channel layer or of a run of this process. Returns `None` if the row is or may be
    /// newer.
    ///
    /// # Errors
    ///
    /// Returns [`Close::NOT_ALLOWED`] if the viewer may not see the operation.
    async fn retained_state(&mut self, id: OperationId) -> Result<Option<CatchUpState>, Close> {
        // Before the query of the channel layer, which then has a state at least as new, or lacks an end.
        let running = self.web.engine().running_state(id);
        let is_running = running.is_some();
        let row = match running {
            // No other process can write this row, so a query is not necessary.
            Some(running) => running,
            None => match self.web.row_states.find(id).await {
                Ok(Some(row)) => row,
                Ok(None) | Err(RowsUnavailable) => return Ok(None),
            },
        };
        let RowState { attempt, state, op_type, owner } = row;
        self.operation = Some((op_type, owner));
        self.check_access()?;
        let engine = self.web.engine();
        let since = self.window.cursor();
        let Ok(retained) = engine.publisher.layer.catch_up(&self.channel, since).await else {
            return Ok(None);
        };
        let is_retained = retained.is_some();
        if let Some(current) = CatchUpState::from_channel(retained, attempt, state) {
            return Ok(Some(current));
        }
        // A run that has not published yet.
        let running = if is_running { engine.running_snapshot(id) } else { None };
        Ok(running.map(|(attempt, snapshot)| {
            let current = CatchUpState::from_row(attempt, Vec::new(), since, || snapshot);
            CatchUpState { is_ahead_of_channel: is_retained, ..current }
        }))
    }

    /// Loads the state from the whole row and the channel layer, after acquiring a permit.
    async fn load_from_row(&mut self, id: OperationId) -> Result<CatchUpState, Close> {
        let permits = self.web.catch_up_permits.clone();
        let _turn = permits.acquire().await.expect("the semaphore is never closed");
        let row = self.web.engine().store.find(id).await?.ok_or(Close::NOT_ALLOWED)?;
        self.operation = Some((row.op_type.as_str().into(), row.owner_id()));
        self.check_access()?;
        let engine = self.web.engine();
        let kind = engine.presenter.kind_of(&row);
        Ok(CatchUpState::load(engine, &kind, &row, self.window.cursor()).await?)
    }

    /// Returns the messages that bring the client to `current`.
    async fn catch_up_to(&mut self, current: CatchUpState) -> Result<Vec<OutgoingMessage>, Close> {
        client_caught_up(current.kind());
        let CatchUpState { cursor, mut answer, .. } = current;
        if let CatchUpAnswer::Delta(content) | CatchUpAnswer::Reset(content) = &mut answer {
            content.signals.retain(|signal| !self.is_refused(signal));
        }
        let traceback = if self.viewer.is_staff && answer.signals().iter().any(is_failure) {
            Box::pin(self.traceback(cursor)).await?
        } else {
            None
        };
        self.window.advance_to(cursor);
        let (viewer, traceback) = (&self.viewer, traceback.as_deref());
        Ok(messages::encode_catch_up(&self.web, viewer, &self.channel, cursor, answer, traceback)?)
    }

    /// Returns the traceback of the run that ended at `cursor`. Reads the row again, because an earlier row
    /// may be older than the end.
    async fn traceback(&self, cursor: Cursor) -> Result<Option<String>, StoreError> {
        let Some(id) = self.channel.operation_id() else { return Ok(None) };
        let row = self.web.engine().store.find(id).await?;
        let row = row.filter(|row| row.attempt_number() == cursor.epoch.attempt);
        Ok(row.and_then(|row| self.viewer.traceback_of(&row).map(str::to_owned)))
    }
}

/// Yields the next action for each item of the hub.
impl Stream for Subscriber {
    type Item = Result<Step, Close>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.subscription).poll_next(cx));
        Poll::Ready(item.map(|item| self.take(item)))
    }
}

fn reports_failure(frame: &Frame) -> bool {
    matches!(&frame.payload, Payload::Signal(signal) if is_failure(signal))
}

fn is_failure(signal: &Signal) -> bool {
    matches!(signal, Signal::Finished(Finished { state: OperationState::FinishedError, .. }))
}

/// Converts a decision for which no frame is to be delivered.
fn step(decision: FrameDecision) -> Step {
    match decision {
        FrameDecision::CatchUp => Step::CatchUp,
        FrameDecision::Apply | FrameDecision::Skip => Step::Nothing,
    }
}
