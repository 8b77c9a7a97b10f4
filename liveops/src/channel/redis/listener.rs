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

use super::{link::TIMEOUT, topics::Topics};
use crate::channel::{Subscription, pauses::pauses};

/// How often the connection is asked whether it is still there, and channels that nobody listens to any
/// more are given up.
const CARE_INTERVAL: Duration = Duration::from_secs(5);

/// How many channels are asked for at once.
const BATCH_LEN_MAX: usize = 256;

/// Listens to every channel that somebody in this process is subscribed to, over one connection.
#[derive(Debug)]
pub(super) struct Listener {
    client: Client,
    topics: Arc<Topics>,
    requests: OnceLock<mpsc::UnboundedSender<Request>>,
}

/// Somebody waits until a channel is listened to.
#[derive(Debug)]
struct Request {
    name: String,
    heard: oneshot::Sender<Subscription>,
}

impl Listener {
    pub(super) fn new(client: Client) -> Self {
        Self { client, topics: Arc::default(), requests: OnceLock::new() }
    }

    /// Delivers what is published under `name` from now on. Where the server cannot be reached: from
    /// when it can, and then with word that something may have been lost.
    pub(super) async fn subscribe(&self, name: String) -> Subscription {
        // Whoever is not answered gets this one, and is told of it when the listener is back.
        let unheard = self.topics.subscribe(&name);
        let (heard, hearing) = oneshot::channel();
        let _ = self.requests().send(Request { name, heard });
        match time::timeout(TIMEOUT, hearing).await {
            Ok(Ok(subscription)) => subscription,
            Ok(Err(_)) | Err(_) => unheard,
        }
    }

    fn requests(&self) -> &mpsc::UnboundedSender<Request> {
        self.requests.get_or_init(|| {
            let (sender, requests) = mpsc::unbounded_channel();
            tokio::spawn(listen(self.client.clone(), self.topics.clone(), requests));
            sender
        })
    }
}

/// Listens until nobody can subscribe any more.
async fn listen(
    client: Client,
    topics: Arc<Topics>,
    mut requests: mpsc::UnboundedReceiver<Request>,
) {
    let mut pauses_left = pauses();
    let mut connected = Ear::connect(&client, &topics).await;
    loop {
        let error = match connected {
            Ok(mut ear) => {
                pauses_left = pauses();
                match ear.listen(&mut requests).await {
                    Ok(()) => return,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        warn(&error);
        let pause = pauses_left.next().unwrap_or(CARE_INTERVAL);
        let again = async {
            time::sleep(pause).await;
            let mut ear = Ear::connect(&client, &topics).await?;
            ear.resume().await?;
            Ok(ear)
        };
        connected = tokio::select! {
            connected = again => connected,
            () = put_off(&mut requests) => return,
        };
    }
}

/// Lets nobody wait who asks while there is no connection: the next one takes all subscriptions up.
async fn put_off(requests: &mut mpsc::UnboundedReceiver<Request>) {
    while requests.recv().await.is_some() {}
}

fn warn(error: &RedisError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "no subscriptions to Redis");
}

/// One connection that listens.
struct Ear<'a> {
    sink: PubSubSink,
    stream: PubSubStream,
    topics: &'a Topics,
}

impl<'a> Ear<'a> {
    async fn connect(client: &Client, topics: &'a Topics) -> RedisResult<Self> {
        let (sink, stream) = in_time(client.get_async_pubsub()).await?.split();
        Ok(Self { sink, stream, topics })
    }

    /// Listens until the connection breaks, or nobody can subscribe any more.
    async fn listen(&mut self, requests: &mut mpsc::UnboundedReceiver<Request>) -> RedisResult<()> {
        let mut care = time::interval(CARE_INTERVAL);
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
                _ = care.tick() => self.care().await?,
            }
        }
    }

    /// Takes up the subscriptions of a connection that broke.
    async fn resume(&mut self) -> RedisResult<()> {
        let names = self.topics.names();
        if !names.is_empty() {
            in_time(self.sink.subscribe(&names)).await?;
        }
        for name in &names {
            self.topics.lost(name);
        }
        Ok(())
    }

    async fn answer(&mut self, batch: &mut Vec<Request>) -> RedisResult<()> {
        let names: Vec<&str> = batch.iter().map(|request| request.name.as_str()).collect();
        in_time(self.sink.subscribe(&names)).await?;
        // What arrived before the answer was published before, and is for earlier subscribers only.
        while let Some(Some(message)) = unconstrained(self.stream.next()).now_or_never() {
            self.deliver(&message);
        }
        for Request { name, heard } in batch.drain(..) {
            if heard.send(self.topics.subscribe(&name)).is_err() {
                // It was not waited for this long.
                self.topics.lost(&name);
            }
        }
        Ok(())
    }

    fn deliver(&self, message: &Msg) {
        self.topics.deliver(message.get_channel_name(), message.get_payload_bytes());
    }

    async fn care(&mut self) -> RedisResult<()> {
        in_time(self.sink.ping::<()>()).await?;
        let unheard = self.topics.forget_unheard();
        if !unheard.is_empty() {
            in_time(self.sink.unsubscribe(&unheard)).await?;
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
