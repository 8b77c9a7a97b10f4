//! The subscription connection to Redis: subscribes for the whole process and delivers messages to
//! [`Topics`].

use std::{
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt};
use redis::{
    Client, Msg, RedisError, RedisResult,
    aio::{PubSubSink, PubSubStream},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::unconstrained,
    time,
};

use super::{connection::TIMEOUT, topics::Topics};
use crate::channel::{Subscription, reconnect_delays::reconnect_delays};

/// Interval at which the listener pings the server and unsubscribes from channels without subscribers.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(5);

/// Maximum number of channels in one `SUBSCRIBE` command.
const BATCH_LEN_MAX: usize = 256;

/// Subscribes to every channel that has a subscriber in this process, over one connection.
#[derive(Debug)]
pub(super) struct Listener {
    client: Client,
    topics: Arc<Topics>,
    requests: OnceLock<mpsc::UnboundedSender<SubscribeRequest>>,
}

/// A request to subscribe to a channel. The caller waits for the reply.
#[derive(Debug)]
struct SubscribeRequest {
    name: String,
    reply: oneshot::Sender<Subscription>,
}

impl Listener {
    pub(super) fn new(client: Client) -> Self {
        Self { client, topics: Arc::default(), requests: OnceLock::new() }
    }

    /// Subscribes to `name`. While the server is unreachable, the subscription starts at the next
    /// connection, with [`Lagged`](crate::channel::Lagged) as its first delivery.
    pub(super) async fn subscribe(&self, name: String) -> Subscription {
        // Returned if no reply arrives in time. The listener then sends `Lagged` once it is connected.
        let early = self.topics.subscribe(&name);
        let (reply, subscription) = oneshot::channel();
        let _ = self.requests().send(SubscribeRequest { name, reply });
        match time::timeout(TIMEOUT, subscription).await {
            Ok(Ok(subscription)) => subscription,
            Ok(Err(_)) | Err(_) => early,
        }
    }

    fn requests(&self) -> &mpsc::UnboundedSender<SubscribeRequest> {
        self.requests.get_or_init(|| {
            let (sender, requests) = mpsc::unbounded_channel();
            tokio::spawn(listen(self.client.clone(), self.topics.clone(), requests));
            sender
        })
    }
}

/// Runs the listener until every sender of requests is gone.
async fn listen(
    client: Client,
    topics: Arc<Topics>,
    mut requests: mpsc::UnboundedReceiver<SubscribeRequest>,
) {
    let mut delays = reconnect_delays();
    let mut connected = PubSubConnection::connect(&client, &topics).await;
    loop {
        let error = match connected {
            Ok(mut connection) => {
                // Requests made in the meantime stay queued, and this connection answers them.
                let listened = async {
                    connection.resume().await?;
                    delays = reconnect_delays();
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
        let again = async {
            time::sleep(pause).await;
            PubSubConnection::connect(&client, &topics).await
        };
        connected = tokio::select! {
            connected = again => connected,
            () = discard_requests(&mut requests) => return,
        };
    }
}

/// Drops requests while the connection is down, so that callers do not wait. The next connection subscribes
/// to every topic.
async fn discard_requests(requests: &mut mpsc::UnboundedReceiver<SubscribeRequest>) {
    while requests.recv().await.is_some() {}
}

fn warn(error: &RedisError, pause: Duration) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "no subscription connection to Redis; connecting again in {pause:?}");
}

/// A connection in subscriber mode.
struct PubSubConnection<'a> {
    sink: PubSubSink,
    stream: PubSubStream,
    topics: &'a Topics,
}

impl<'a> PubSubConnection<'a> {
    async fn connect(client: &Client, topics: &'a Topics) -> RedisResult<Self> {
        let (sink, stream) = in_time(client.get_async_pubsub()).await?.split();
        Ok(Self { sink, stream, topics })
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
                _ = maintain.tick() => self.maintain().await?,
            }
        }
    }

    /// Subscribes to every topic again after a reconnect.
    async fn resume(&mut self) -> RedisResult<()> {
        let names = self.topics.names();
        if !names.is_empty() {
            in_time(self.sink.subscribe(&names)).await?;
        }
        for name in &names {
            self.topics.mark_lost(name);
        }
        Ok(())
    }

    async fn answer(&mut self, batch: &mut Vec<SubscribeRequest>) -> RedisResult<()> {
        let names: Vec<&str> = batch.iter().map(|request| request.name.as_str()).collect();
        in_time(self.sink.subscribe(&names)).await?;
        // Messages that arrive before the confirmation belong to earlier subscribers only.
        while let Some(Some(message)) = unconstrained(self.stream.next()).now_or_never() {
            self.deliver(&message);
        }
        for SubscribeRequest { name, reply } in batch.drain(..) {
            if reply.send(self.topics.subscribe(&name)).is_err() {
                // The caller timed out and holds its early subscription.
                self.topics.mark_lost(&name);
            }
        }
        Ok(())
    }

    fn deliver(&self, message: &Msg) {
        self.topics.deliver(message.get_channel_name(), message.get_payload_bytes());
    }

    async fn maintain(&mut self) -> RedisResult<()> {
        in_time(self.sink.ping::<()>()).await?;
        let unsubscribed = self.topics.remove_unsubscribed();
        if !unsubscribed.is_empty() {
            in_time(self.sink.unsubscribe(&unsubscribed)).await?;
        }
        Ok(())
    }
}

async fn in_time<T>(answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    match time::timeout(TIMEOUT, answer).await {
        Ok(answer) => answer,
        Err(_elapsed) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
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

        let listener = Listener::new(Client::open(url).unwrap());
        let _a = listener.subscribe("a".to_owned()).await;
        reaches((1, "a")).await;
        server.breaks.notify_one();
        reaches((2, "a")).await;
        let subscribing = listener.subscribe("b".to_owned());
        let answering = async {
            tokio::task::yield_now().await;
            server.may_answer.notify_one();
        };
        let (_b, ()) = tokio::join!(subscribing, answering);
        reaches((2, "b")).await;
        serving.abort();
    }
}
