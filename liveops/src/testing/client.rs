//! A client for tests, which subscribes to operations as a page does.

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

/// A client that subscribes to operations over a WebSocket and receives typed messages, as a page does.
/// [`Application::connect`](super::Application::connect) makes a client.
///
/// ```
/// use liveops::{OperationState, Viewer, testing::Application};
/// # use liveops::{LiveOperation, Progress, Run, RunResult};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(LiveOperation, Serialize, Deserialize)]
/// # #[liveop(app = "demo")]
/// # struct Greeting {}
/// # impl Run for Greeting {
/// #     type Output = ();
/// #     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
/// #         p.chain_to(Farewell {});
/// #         Ok(())
/// #     }
/// # }
/// # #[derive(LiveOperation, Serialize, Deserialize)]
/// # #[liveop(app = "demo")]
/// # struct Farewell {}
/// # impl Run for Farewell {
/// #     type Output = ();
/// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() {
///
/// let app =
///     Application::start(|builder| builder.register::<Greeting>().register::<Farewell>()).await;
/// let id = app.liveops().enqueue(Greeting {}, "ann").await.unwrap();
///
/// let mut ann = app.connect(Viewer::new("ann")).await;
/// ann.follow(id).await;
/// let greeting = ann.until_finished().await;
/// assert_eq!((greeting.id, greeting.state), (id, OperationState::FinishedOk));
/// // `Greeting` chains to `Farewell`.
/// let farewell = ann.until_chained().await;
/// assert_eq!(ann.until_finished().await.id, farewell.id);
/// # }
/// ```
///
/// The client acknowledges frames and answers pings. Every method that waits has a timeout of 30 seconds,
/// and then panics with the expected message, the location of the call, and the messages received instead.
#[derive(Debug)]
pub struct Client {
    liveops: LiveOps,
    viewer: Viewer,
    socket: Socket,
    /// The next operation in the newest chain message.
    chained_to: Option<OperationId>,
}

impl Client {
    pub(super) fn new(liveops: LiveOps, viewer: Viewer, socket: Socket) -> Self {
        Self { liveops, viewer, socket, chained_to: None }
    }

    /// Subscribes to an operation. The whole state of the operation's page arrives first.
    ///
    /// # Panics
    ///
    /// Panics if the operation does not exist, or if the viewer may not see the operation.
    pub async fn follow(&mut self, id: OperationId) {
        let row = self.liveops.find(id).await;
        let row = row.unwrap_or_else(|error| panic!("failed to read operation {id}: {error}"));
        let is_visible = row.is_some_and(|row| self.liveops.may_see(&self.viewer, &row));
        assert!(is_visible, "expected an operation that {} may see, found {id}", self.viewer.id);
        self.subscribe(&ChannelName::operation(id)).await;
    }

    /// Subscribes to the list of the viewer's operations.
    pub async fn follow_list(&mut self) {
        self.subscribe(&self.viewer.list_channel()).await;
    }

    async fn subscribe(&mut self, channel: &ChannelName) {
        let token = self.liveops.engine().keys.sign(&self.viewer.id, channel);
        let token = token.expect("the keys of an application sign");
        self.socket.send(&json!({ "type": "subscribe", "token": token.as_str() })).await;
    }

    /// Returns the next message.
    ///
    /// # Panics
    ///
    /// Panics if no message arrives in time, or if the server closes the socket.
    #[track_caller]
    pub fn next_message(&mut self) -> impl Future<Output = Message> {
        self.pick("any message", |message| Some(message.clone()))
    }

    /// Waits for a message that `is_it` accepts, and returns all messages up to and including that message.
    /// `what` describes the awaited message in the text of the panic.
    ///
    /// # Panics
    ///
    /// Panics if the message does not arrive in time, or if the server closes the socket.
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

    /// Waits for new HTML of a region that contains `text`, and returns the HTML. For a region that is
    /// appended to, this is the appended HTML.
    ///
    /// # Panics
    ///
    /// Panics if `region` is not a valid name of a region, or if the text does not arrive in time.
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

    /// Waits until an operation to which the client is subscribed has ended.
    ///
    /// # Panics
    ///
    /// Panics if no operation ends in time.
    #[track_caller]
    pub fn until_finished(&mut self) -> impl Future<Output = Finished> {
        self.pick("the end of an operation", finished)
    }

    /// Waits until an operation to which the client is subscribed has chained to another operation, and
    /// subscribes to the next operation.
    ///
    /// # Panics
    ///
    /// Panics if no operation chains in time.
    #[track_caller]
    pub fn until_chained(&mut self) -> impl Future<Output = Chain> {
        let caller = Location::caller();
        async move {
            // The server sends each chain message twice.
            let known = self.chained_to;
            let is_new = |chain: &&Chain| Some(chain.id) != known;
            let chain = self.pick_for(caller, "a chain message", |message| match message {
                Message::Chain(chain) => Some(chain).filter(is_new).cloned(),
                _ => None,
            });
            let chain = chain.await;
            self.chained_to = Some(chain.id);
            self.socket.send(&json!({ "type": "subscribe", "token": chain.token })).await;
            chain
        }
    }

    /// Waits until an operation to which the client is subscribed, and every next operation of the chain,
    /// has ended.
    ///
    /// # Panics
    ///
    /// Panics if one of the operations does not end in time. Each operation has its own timeout.
    #[track_caller]
    pub fn until_chain_ends(&mut self) -> impl Future<Output = Vec<Finished>> {
        let caller = Location::caller();
        async move {
            let mut ends = Vec::new();
            loop {
                let what = "the end of an operation of the chain";
                let end = self.pick_for(caller, what, finished).await;
                // `chained_to` is committed with the ending, before the ending is published.
                let row = self.liveops.find(end.id).await.unwrap_or_default();
                ends.push(end);
                if row.is_none_or(|row| row.chained_to.is_none()) {
                    return ends;
                }
                self.until_chained().await;
            }
        }
    }

    /// Returns the first `Some` of `pick`; earlier messages are dropped.
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

    /// Returns the socket, for a test that needs the messages in their wire format.
    pub fn socket(&mut self) -> &mut Socket {
        &mut self.socket
    }

    /// Closes the connection, as a page does when it is closed.
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
