use std::{fmt::Display, mem, panic::Location};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Chain, Finished, Message, Socket,
    socket::{Received, TIMEOUT},
};
use crate::{
    operation::{ChannelName, OperationId},
    projection::Region,
    runner::LiveOps,
    web::Viewer,
};

/// A page, as far as a test is concerned: it follows operations over a WebSocket and gets typed messages.
/// From [`Application::connect`](super::Application::connect).
///
/// It acknowledges what it gets and answers pings, as pages do. Whatever it waits for has 30 seconds to
/// come; then it panics with what it waited for, where the test asked, and what came instead.
#[derive(Debug)]
pub struct Client {
    liveops: LiveOps,
    viewer: Viewer,
    socket: Socket,
    /// What the newest hand-over was to.
    chained_to: Option<OperationId>,
}

impl Client {
    pub(super) fn new(liveops: LiveOps, viewer: Viewer, socket: Socket) -> Self {
        Self { liveops, viewer, socket, chained_to: None }
    }

    /// Follows an operation: everything that its page shows comes first.
    ///
    /// # Panics
    ///
    /// When there is no such operation, or its page would not be shown to this viewer.
    pub async fn follow(&mut self, id: OperationId) {
        let row = self.liveops.find(id).await;
        let row = row.unwrap_or_else(|error| panic!("failed to look {id} up: {error}"));
        let is_seen = row.is_some_and(|row| self.viewer.may_see(&row));
        assert!(is_seen, "expected an operation that {} may see, found {id}", self.viewer.id);
        self.subscribe(&ChannelName::operation(id)).await;
    }

    /// Follows the list of the viewer's operations.
    pub async fn follow_list(&mut self) {
        self.subscribe(&self.viewer.list_channel()).await;
    }

    async fn subscribe(&mut self, channel: &ChannelName) {
        let token = self.liveops.engine().keys.sign(&self.viewer.id, channel);
        let token = token.expect("the keys of an application sign");
        self.socket.send(&json!({ "type": "subscribe", "token": token.as_str() })).await;
    }

    /// The next message.
    ///
    /// # Panics
    ///
    /// When none comes in time, or the server closes the socket.
    #[track_caller]
    pub fn next_message(&mut self) -> impl Future<Output = Message> {
        self.pick("any message", |message| Some(message.clone()))
    }

    /// Every message up to the first that `is_it`, which is the last of them; `what` it is stands in the
    /// panic when it does not come.
    ///
    /// # Panics
    ///
    /// When it does not come in time, or the server closes the socket.
    #[track_caller]
    pub fn until(
        &mut self,
        what: &str,
        is_it: impl Fn(&Message) -> bool,
    ) -> impl Future<Output = Vec<Message>> {
        let mut messages = Vec::new();
        self.pick(what, move |message| {
            messages.push(message.clone());
            is_it(message).then(|| mem::take(&mut messages))
        })
    }

    /// Waits until a region of an operation's page is shown with `text` in it, and gives its HTML. A
    /// region that is only added to is given as what is added.
    ///
    /// # Panics
    ///
    /// When `region` is no name of a region, or the text does not come in time.
    #[track_caller]
    pub fn until_shown(&mut self, region: &str, text: &str) -> impl Future<Output = String> {
        let what = format!("{text:?} in the region {region}");
        let region: Region = region.parse().unwrap_or_else(|error| panic!("{error}"));
        self.pick(what, move |message| match message {
            Message::ShownRegions(shown) => {
                shown.region(&region).filter(|html| html.contains(text))
            }
            _ => None,
        })
    }

    /// Waits until an operation that is followed has ended.
    ///
    /// # Panics
    ///
    /// When none does in time.
    #[track_caller]
    pub fn until_finished(&mut self) -> impl Future<Output = Finished> {
        self.pick("the end of an operation", finished)
    }

    /// Waits until an operation that is followed has handed over, and follows the one that goes on.
    ///
    /// # Panics
    ///
    /// When none does in time.
    #[track_caller]
    pub fn until_chained(&mut self) -> impl Future<Output = Chain> {
        let caller = Location::caller();
        async move {
            // The server says it twice.
            let known = self.chained_to;
            let is_new = |chain: &&Chain| Some(chain.id) != known;
            let chain = self.pick_for(caller, "a hand-over", |message| match message {
                Message::Chain(chain) => Some(chain).filter(is_new).cloned(),
                _ => None,
            });
            let chain = chain.await;
            self.chained_to = Some(chain.id);
            self.socket.send(&json!({ "type": "subscribe", "token": chain.token })).await;
            chain
        }
    }

    /// Waits until an operation that is followed has ended, and so have those it handed over to, one
    /// after the other.
    ///
    /// # Panics
    ///
    /// When one of them does not in time.
    #[track_caller]
    pub fn until_chain_ends(&mut self) -> impl Future<Output = Vec<Finished>> {
        let caller = Location::caller();
        async move {
            let mut links = Vec::new();
            loop {
                let end = self.pick_for(caller, "the end of a link", finished).await;
                // Committed with the end, before that was told.
                let row = self.liveops.find(end.id).await.unwrap_or_default();
                links.push(end);
                if row.is_none_or(|row| row.chained_to.is_none()) {
                    return links;
                }
                self.until_chained().await;
            }
        }
    }

    /// The first thing that `pick` makes of a message; messages before it are dropped.
    #[track_caller]
    fn pick<T>(
        &mut self,
        what: impl Display,
        pick: impl FnMut(&Message) -> Option<T>,
    ) -> impl Future<Output = T> {
        self.pick_for(Location::caller(), what, pick)
    }

    async fn pick_for<T>(
        &mut self,
        caller: &Location<'_>,
        what: impl Display,
        mut pick: impl FnMut(&Message) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + TIMEOUT;
        let mut before = Vec::new();
        loop {
            let message = match self.socket.receive(deadline).await {
                Received::Message(message) => message,
                other => panic!("{caller}: waited for {what}, {other:?}; before it: {before:?}"),
            };
            self.answer(&message).await;
            let message = Message::read(&message);
            if let Some(picked) = pick(&message) {
                return picked;
            }
            before.push(message);
        }
    }

    async fn answer(&mut self, message: &Value) {
        let (channel, cursor) = (&message["channel"], &message["cursor"]);
        if message["type"] == "ping" {
            self.socket.send(&json!({ "type": "pong" })).await;
        } else if message["type"] == "chat_message" && cursor.is_string() {
            let ack = json!({ "type": "ack", "channel": channel, "cursor": cursor });
            self.socket.send(&ack).await;
        }
    }

    /// The socket itself, for what no message says.
    pub fn socket(&mut self) -> &mut Socket {
        &mut self.socket
    }

    /// Leaves as a page does that is closed.
    pub async fn close(self) {
        self.socket.close().await;
    }
}

fn finished(message: &Message) -> Option<Finished> {
    match message {
        Message::Finished(finished) => Some(finished.clone()),
        _ => None,
    }
}
