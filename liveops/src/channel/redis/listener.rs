//! The subscription connection to Redis: subscribes for the whole process, delivers messages to [`Topics`],
//! and tests that publications arrive.

use std::{
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt};
use redis::{
    Msg, RedisError, RedisResult,
    aio::{PubSubSink, PubSubStream},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::unconstrained,
    time::{self, Instant},
};

use super::{
    connection::RedisConnection,
    failure::AdvisedError,
    scripts,
    servers::{Servers, TIMEOUT, in_time},
    topics::Topics,
};
use crate::channel::{Subscription, reconnect_delays::reconnect_delays};

/// Interval at which the listener pings the server, tests the delivery of publications, and unsubscribes from
/// channels without subscribers.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(5);

/// Time in which a publication has to arrive after Redis accepted it.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum number of channels in one `SUBSCRIBE` command.
const BATCH_LEN_MAX: usize = 256;

/// Subscribes to every channel that has a subscriber in this process, over one connection.
#[derive(Debug)]
pub(super) struct Listener {
    servers: Arc<Servers>,
    topics: Arc<Topics>,
    started: OnceLock<Started>,
}

/// The running task of a listener.
#[derive(Debug)]
struct Started {
    requests: mpsc::UnboundedSender<SubscribeRequest>,
    /// The reason why there is no subscription connection. `None` while there is one.
    failure: watch::Receiver<Option<RedisError>>,
}

/// A request to subscribe to a channel. The caller waits for the reply.
#[derive(Debug)]
struct SubscribeRequest {
    name: String,
    reply: oneshot::Sender<Subscription>,
}

impl Listener {
    pub(super) fn new(servers: Arc<Servers>) -> Self {
        Self { servers, topics: Arc::default(), started: OnceLock::new() }
    }

    /// Subscribes to `name`. While the server is unreachable, the subscription starts at the next
    /// connection, with [`Lagged`](crate::channel::Lagged) as its first delivery.
    ///
    /// The first call starts the listener, which publishes a test message to `test_name` over `requests`.
    pub(super) async fn subscribe(
        &self,
        name: String,
        requests: &RedisConnection,
        test_name: impl FnOnce() -> String,
    ) -> Subscription {
        // Returned if no reply arrives in time. The listener then sends `Lagged` once it is connected.
        let early = self.topics.subscribe(&name);
        let (reply, subscription) = oneshot::channel();
        let started = self.started.get_or_init(|| self.start(requests.clone(), test_name()));
        let _ = started.requests.send(SubscribeRequest { name, reply });
        match time::timeout(TIMEOUT, subscription).await {
            Ok(Ok(subscription)) => subscription,
            Ok(Err(_)) | Err(_) => early,
        }
    }

    /// Returns the reason why a listener that was started has no connection.
    pub(super) fn failure(&self) -> Option<RedisError> {
        self.started.get().and_then(|started| started.failure.borrow().clone())
    }

    fn start(&self, connection: RedisConnection, test_name: String) -> Started {
        let (sender, requests) = mpsc::unbounded_channel();
        let (failing, failure) = watch::channel(None);
        let listening = Listening {
            servers: self.servers.clone(),
            topics: self.topics.clone(),
            requests,
            failing,
            connection,
            test_name,
        };
        tokio::spawn(listening.run());
        Started { requests: sender, failure }
    }
}

/// The task of a listener.
struct Listening {
    servers: Arc<Servers>,
    topics: Arc<Topics>,
    requests: mpsc::UnboundedReceiver<SubscribeRequest>,
    failing: watch::Sender<Option<RedisError>>,
    connection: RedisConnection,
    test_name: String,
}

impl Listening {
    /// Runs until every sender of requests is gone.
    async fn run(self) {
        let Self { servers, topics, mut requests, failing, connection, test_name } = self;
        let connect = || PubSubConnection::connect(&servers, &topics, &connection, &test_name);
        let mut delays = reconnect_delays();
        let mut connected = connect().await;
        loop {
            let error = match connected {
                Ok(mut connection) => {
                    // Requests made in the meantime stay queued, and this connection answers them.
                    let listened = async {
                        connection.resume().await?;
                        delays = reconnect_delays();
                        failing.send_replace(None);
                        connection.listen(&mut requests).await
                    };
                    match listened.await {
                        Ok(()) => return,
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            let pause = delays.next().unwrap_or(MAINTENANCE_INTERVAL);
            warn(&error, pause);
            failing.send_replace(Some(error));
            let again = async {
                time::sleep(pause).await;
                connect().await
            };
            connected = tokio::select! {
                connected = again => connected,
                () = discard_requests(&mut requests) => return,
            };
        }
    }
}

/// Drops requests while the connection is down, so that callers do not wait. The next connection subscribes
/// to every topic.
async fn discard_requests(requests: &mut mpsc::UnboundedReceiver<SubscribeRequest>) {
    while requests.recv().await.is_some() {}
}

fn warn(error: &RedisError, pause: Duration) {
    let error = AdvisedError::new(error.clone());
    let error = &error as &dyn std::error::Error;
    tracing::warn!(error, "no subscription connection to Redis; connecting again in {pause:?}");
}

/// A connection in subscriber mode.
struct PubSubConnection<'a> {
    sink: PubSubSink,
    stream: PubSubStream,
    topics: &'a Topics,
    test: DeliveryTest<'a>,
}

impl<'a> PubSubConnection<'a> {
    async fn connect(
        servers: &Servers,
        topics: &'a Topics,
        requests: &'a RedisConnection,
        test_name: &'a str,
    ) -> RedisResult<Self> {
        let (sink, stream) = servers.subscriber().await?.split();
        Ok(Self { sink, stream, topics, test: DeliveryTest::new(requests, test_name) })
    }

    /// Handles messages and requests until the connection breaks, or every sender of requests is gone.
    async fn listen(
        &mut self,
        requests: &mut mpsc::UnboundedReceiver<SubscribeRequest>,
    ) -> RedisResult<()> {
        let mut maintain = time::interval(MAINTENANCE_INTERVAL);
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                message = self.stream.next() => match message {
                    Some(message) => self.deliver(&message),
                    None => return Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
                },
                count = requests.recv_many(&mut batch, BATCH_LEN_MAX) => {
                    if count == 0 {
                        return Ok(());
                    }
                    self.answer(&mut batch).await?;
                }
                () = self.test.is_due() => {
                    self.deliver_received();
                    if self.test.is_lost() {
                        let reason = "a publication did not arrive: the server is cut off from its master";
                        return Err(io::Error::new(io::ErrorKind::TimedOut, reason).into());
                    }
                }
                // The servers may have changed their roles.
                () = self.test.requests_moved() => self.test.begin(),
                _ = maintain.tick() => self.maintain().await?,
            }
        }
    }

    /// Subscribes to every topic again after a reconnect.
    async fn resume(&mut self) -> RedisResult<()> {
        let mut names = vec![self.test.name.to_owned()];
        names.extend(self.topics.names());
        for batch in names.chunks(BATCH_LEN_MAX) {
            in_time(TIMEOUT, self.sink.subscribe(batch)).await?;
        }
        for name in &names {
            self.topics.mark_lost(name);
        }
        Ok(())
    }

    async fn answer(&mut self, batch: &mut Vec<SubscribeRequest>) -> RedisResult<()> {
        let names: Vec<&str> = batch.iter().map(|request| request.name.as_str()).collect();
        in_time(TIMEOUT, self.sink.subscribe(&names)).await?;
        // Messages that arrive before the confirmation belong to earlier subscribers only.
        self.deliver_received();
        for SubscribeRequest { name, reply } in batch.drain(..) {
            if reply.send(self.topics.subscribe(&name)).is_err() {
                // The caller timed out and holds its early subscription.
                self.topics.mark_lost(&name);
            }
        }
        Ok(())
    }

    /// Delivers the messages that have already arrived.
    fn deliver_received(&mut self) {
        while let Some(Some(message)) = unconstrained(self.stream.next()).now_or_never() {
            self.deliver(&message);
        }
    }

    fn deliver(&mut self, message: &Msg) {
        let (name, message) = (message.get_channel_name(), message.get_payload_bytes());
        if name == self.test.name {
            self.test.received(message);
        } else {
            self.topics.deliver(name, message);
        }
    }

    async fn maintain(&mut self) -> RedisResult<()> {
        in_time(TIMEOUT, self.sink.ping::<()>()).await?;
        let unsubscribed = self.topics.remove_unsubscribed();
        if !unsubscribed.is_empty() {
            in_time(TIMEOUT, self.sink.unsubscribe(&unsubscribed)).await?;
        }
        self.test.begin();
        Ok(())
    }
}

/// The test that publications of this process reach its subscription connection.
///
/// A connection to a server that lost its master, or to a node that left its cluster, answers pings and
/// delivers nothing. A test message is published with a write, which only a master accepts, over the
/// request connection.
struct DeliveryTest<'a> {
    requests: &'a RedisConnection,
    name: &'a str,
    /// The number of the newest test message, and of the newest one that arrived.
    number: u64,
    received: u64,
    /// Number and time of the newest test message that Redis accepted.
    accepted: watch::Sender<(u64, Instant)>,
    /// The request connection of the newest test message.
    tested: Option<u64>,
}

impl<'a> DeliveryTest<'a> {
    fn new(requests: &'a RedisConnection, name: &'a str) -> Self {
        let accepted = watch::Sender::new((0, Instant::now()));
        Self { requests, name, number: 0, received: 0, accepted, tested: None }
    }

    /// Publishes the next test message. A message that Redis refuses proves nothing about the delivery.
    fn begin(&mut self) {
        self.number += 1;
        self.tested = self.requests.number();
        let (number, requests) = (self.number, self.requests.clone());
        let (name, accepted) = (self.name.to_owned(), self.accepted.clone());
        tokio::spawn(async move {
            let script = scripts::ping(&name, &name, number);
            if requests.write::<()>("publish a test message", &script).await.is_ok() {
                accepted.send_replace((number, Instant::now()));
            }
        });
    }

    fn received(&mut self, message: &[u8]) {
        let number = str::from_utf8(message).ok().and_then(|number| number.parse().ok());
        self.received = self.received.max(number.unwrap_or(0));
    }

    fn is_lost(&self) -> bool {
        let (number, accepted_on) = *self.accepted.borrow();
        number > self.received && accepted_on.elapsed() >= DELIVERY_TIMEOUT
    }

    /// Waits until an accepted message should have arrived.
    async fn is_due(&self) {
        let mut accepted = self.accepted.subscribe();
        let newest = accepted.wait_for(|(number, _)| *number > self.received).await;
        let Ok(accepted_on) = newest.map(|newest| newest.1) else {
            return std::future::pending().await;
        };
        time::sleep_until(accepted_on + DELIVERY_TIMEOUT).await;
    }

    /// Waits until requests go over another connection than the newest test message.
    async fn requests_moved(&self) {
        self.requests.wait_for_another(self.tested).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
        net::{TcpListener, TcpStream},
        sync::Notify,
    };

    use super::*;

    /// A server that implements `SUBSCRIBE`, reports each subscription with its connection number, and
    /// delays the answer on the second connection until the test allows it.
    struct Server {
        listener: TcpListener,
        subscribed: mpsc::UnboundedSender<(usize, String)>,
        breaks: Notify,
        may_answer: Notify,
    }

    impl Server {
        async fn serve(&self) {
            for number in 1.. {
                let (client, _) = self.listener.accept().await.unwrap();
                tokio::select! {
                    () = self.answer(number, BufReader::new(client)) => {}
                    () = self.breaks.notified() => {}
                }
            }
        }

        async fn answer(&self, number: usize, mut client: BufReader<TcpStream>) {
            let mut answers_at_once = number != 2;
            while let Some(words) = command(&mut client).await {
                let mut answer = "+OK\r\n".to_owned();
                if words[0] == "SUBSCRIBE" {
                    for name in &words[1..] {
                        self.subscribed.send((number, name.clone())).unwrap();
                    }
                    if !std::mem::replace(&mut answers_at_once, true) {
                        self.may_answer.notified().await;
                    }
                    let confirm = |name: &String| {
                        format!("*3\r\n$9\r\nsubscribe\r\n${}\r\n{name}\r\n:1\r\n", name.len())
                    };
                    answer = words[1..].iter().map(confirm).collect();
                } else if words[0] == "PING" {
                    answer = "*2\r\n$4\r\npong\r\n$0\r\n\r\n".to_owned();
                }
                client.get_mut().write_all(answer.as_bytes()).await.unwrap();
            }
        }
    }

    /// Returns the words of the next command, or `None` at the end of the connection.
    async fn command(client: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
        let mut words = Vec::new();
        for _ in 0..number(client).await? {
            let mut word = vec![0; number(client).await? + "\r\n".len()];
            client.read_exact(&mut word).await.ok()?;
            words.push(String::from_utf8_lossy(&word).trim_end().to_owned());
        }
        Some(words)
    }

    async fn number(client: &mut BufReader<TcpStream>) -> Option<usize> {
        let mut line = String::new();
        client.read_line(&mut line).await.ok()?;
        line.get(1..)?.trim_end().parse().ok()
    }

    #[tokio::test]
    async fn a_channel_requested_during_a_reconnect_is_subscribed() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("redis://{}/", listener.local_addr().unwrap());
        let (subscribed, mut subscriptions) = mpsc::unbounded_channel();
        let (breaks, may_answer) = (Notify::new(), Notify::new());
        let server = Arc::new(Server { listener, subscribed, breaks, may_answer });
        let serving = tokio::spawn({
            let server = server.clone();
            async move { server.serve().await }
        });
        let mut reaches = async |expected: (usize, &str)| {
            let reached = async {
                while let Some((number, name)) = subscriptions.recv().await {
                    if (number, &*name) == expected {
                        return;
                    }
                }
            };
            time::timeout(std::time::Duration::from_secs(30), reached).await.unwrap();
        };

        let listener = Listener::new(Arc::new(Servers::parse(&url).unwrap()));
        // Nothing listens there: the server of this test serves one connection after another.
        let elsewhere = Arc::new(Servers::parse("redis://127.0.0.1:1/").unwrap());
        let requests = RedisConnection::new(elsewhere);
        let subscribe =
            |name: &str| listener.subscribe(name.to_owned(), &requests, || "test".to_owned());
        let _a = subscribe("a").await;
        reaches((1, "a")).await;
        server.breaks.notify_one();
        reaches((2, "a")).await;
        let subscribing = subscribe("b");
        let answering = async {
            tokio::task::yield_now().await;
            server.may_answer.notify_one();
        };
        let (_b, ()) = tokio::join!(subscribing, answering);
        reaches((2, "b")).await;
        serving.abort();
    }
}
