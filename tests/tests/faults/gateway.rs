//! A channel layer for several processes: they ask the test's process, which has the real one.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use liveops::{
    Attempt, ChannelName,
    channel::{
        CatchUp, ChannelError, ChannelLayer, Cursor, DeliverySender, Fragment, Notice, OpenedBy,
        Payload, PublishError, Signal, Subscription,
    },
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::{Mutex, OwnedMutexGuard},
    task::JoinHandle,
};

use super::{
    history::{Author, Event, Published},
    journal::Journal,
};

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    channel: String,
    by: Author,
    what: What,
}

#[derive(Debug, Serialize, Deserialize)]
enum What {
    Open(OpenedBy, Vec<Fragment>),
    Publish(Payload),
}

#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Accepted(Cursor),
    Stale(Attempt),
    NotOpen,
    Failed(String),
}

/// Serves the one channel layer of a test, and writes to the journal what the layer accepts.
#[derive(Debug)]
pub(crate) struct Gateway {
    serving: JoinHandle<()>,
}

impl Gateway {
    pub(crate) fn serve(socket: &Path, layer: impl ChannelLayer, journal: Journal) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let served = Arc::new(Served { layer, turns: Turns::default(), journal });
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, served.clone()));
            }
        });
        Self { serving }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Served<Layer> {
    layer: Layer,
    turns: Turns,
    journal: Journal,
}

/// A lock for each channel, held from before a frame is accepted until the frame is in the journal, so that
/// the order of the lines is the order of the frames.
#[derive(Default)]
struct Turns(Mutex<HashMap<ChannelName, Arc<Mutex<()>>>>);

impl Turns {
    async fn begin(&self, channel: &ChannelName) -> OwnedMutexGuard<()> {
        let turn = self.0.lock().await.entry(channel.clone()).or_default().clone();
        turn.lock_owned().await
    }
}

async fn answer(mut stream: UnixStream, served: Arc<Served<impl ChannelLayer>>) {
    let mut request = Vec::new();
    if stream.read_to_end(&mut request).await.is_err() {
        return;
    }
    // Who is killed while it asks leaves half a request.
    let Ok(Request { channel, by, what }) = serde_json::from_slice(&request) else { return };
    let channel: ChannelName = channel.parse().unwrap();
    let id = channel.operation_id().unwrap();
    let attempt = Attempt(by.attempt);

    let Served { layer, turns, journal } = &*served;
    let turn = turns.begin(&channel).await;
    let (published, accepted) = match what {
        What::Open(opened_by, snapshot) => {
            (Published::Opening, layer.open(&channel, attempt, opened_by, snapshot).await)
        }
        What::Publish(payload) => {
            let published = match &payload {
                Payload::Fragments(_) => Published::Fragments,
                Payload::Signal(Signal::Finished(finished)) => Published::Finished(finished.state),
                Payload::Signal(_) => Published::OtherSignal,
            };
            (published, layer.publish(&channel, attempt, payload).await)
        }
    };
    let answer = match accepted {
        Ok(cursor) => {
            journal.say(&Event::Published(id, by, published));
            Answer::Accepted(cursor)
        }
        Err(PublishError::Stale { current }) => {
            journal.say(&Event::Refused(id, by));
            Answer::Stale(current)
        }
        Err(PublishError::NotOpen) => Answer::NotOpen,
        Err(error) => Answer::Failed(error.to_string()),
    };
    drop(turn);
    // Whoever asked may be gone.
    let _ = stream.write_all(&serde_json::to_vec(&answer).unwrap()).await;
}

/// The channel layer as a worker sees it.
#[derive(Debug)]
pub(crate) struct Remote {
    socket: PathBuf,
}

impl Remote {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Over a connection of its own, so that a question that is given up disturbs no other.
    async fn ask(
        &self,
        channel: &ChannelName,
        Attempt(attempt): Attempt,
        what: What,
    ) -> Result<Cursor, PublishError> {
        let by = Author { attempt, pid: std::process::id() };
        let request = Request { channel: channel.to_string(), by, what };
        let exchange = async {
            let mut stream = UnixStream::connect(&self.socket).await?;
            stream.write_all(&serde_json::to_vec(&request)?).await?;
            stream.shutdown().await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            Ok::<Answer, std::io::Error>(serde_json::from_slice(&answer)?)
        };
        match exchange.await.map_err(|error| ChannelError::new("ask the gateway", error))? {
            Answer::Accepted(cursor) => Ok(cursor),
            Answer::Stale(current) => Err(PublishError::Stale { current }),
            Answer::NotOpen => Err(PublishError::NotOpen),
            Answer::Failed(why) => {
                Err(ChannelError::new("publish through the gateway", why).into())
            }
        }
    }
}

#[async_trait]
impl ChannelLayer for Remote {
    async fn open(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: OpenedBy,
        snapshot: Vec<Fragment>,
    ) -> Result<Cursor, PublishError> {
        self.ask(channel, attempt, What::Open(opened_by, snapshot)).await
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        self.ask(channel, attempt, What::Publish(payload)).await
    }

    /// Workers have no pages that could be behind.
    async fn catch_up(
        &self,
        _: &ChannelName,
        _: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError> {
        Ok(None)
    }

    async fn subscribe(&self, _: &ChannelName) -> Result<Subscription, ChannelError> {
        Ok(DeliverySender::new().subscribe())
    }

    async fn announce(&self, _: &ChannelName, _: Notice) -> Result<(), ChannelError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        let connected = UnixStream::connect(&self.socket).await;
        connected.map(drop).map_err(|error| ChannelError::new("reach the gateway", error))
    }
}
