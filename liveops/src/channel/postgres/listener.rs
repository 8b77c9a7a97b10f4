use std::{sync::OnceLock, time::Duration};

use sea_orm::sqlx::{
    AssertSqlSafe, ConnectOptions, Executor,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        oneshot,
    },
    time::{self, MissedTickBehavior},
};

use super::{
    database::{ANSWER_WAIT_MAX, PostgresLayerError},
    notification::listened_name,
    watched::ListenedChannels,
};
use crate::{
    channel::{ChannelError, Subscription, pauses::reconnect_delays},
    operation::ChannelName,
};

/// How often the connection is asked whether it is still there, and channels that nobody watches any
/// more are given up.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// What the server is told of a client that is gone without a word: it keeps everything that is
/// notified until every listener has read it, so it must not wait for long.
const SETTINGS: &str = "SET tcp_user_timeout = '30s'; SET tcp_keepalives_idle = 30; ";

/// Listens for this process, over one connection however many channels it watches.
///
/// PostgreSQL listens to each of them by itself: a process is sent what it watches and nothing else.
#[derive(Debug)]
pub(super) struct Listener {
    options: PgConnectOptions,
    /// Where the task that listens takes orders. It ends when this is dropped.
    requests: OnceLock<UnboundedSender<ListenRequest>>,
}

/// Somebody wants to watch a channel, and waits until what is published on it is sure to come.
#[derive(Debug)]
struct ListenRequest {
    name: String,
    reply: oneshot::Sender<Subscription>,
}

impl Listener {
    /// Begins to listen with the first subscription.
    pub(super) fn new(options: PgConnectOptions) -> Self {
        let options = options.application_name("liveops listener").disable_statement_logging();
        Self { options, requests: OnceLock::new() }
    }

    pub(super) async fn subscribe(
        &self,
        channel: &ChannelName,
    ) -> Result<Subscription, ChannelError> {
        let (reply, subscription) = oneshot::channel();
        let request = ListenRequest { name: listened_name(channel), reply };
        let refused = |fault| ChannelError::new("subscribe to a channel", fault);
        let requests = self.requests.get_or_init(|| ListenerTask::start(self.options.clone()));
        requests.send(request).map_err(|_| refused(PostgresLayerError::NotListening))?;
        let answer = time::timeout(ANSWER_WAIT_MAX, subscription).await;
        answer
            .map_err(|elapsed| refused(elapsed.into()))?
            .map_err(|_| refused(PostgresLayerError::NotListening))
    }
}

/// The task that owns the connection.
#[derive(Debug)]
struct ListenerTask {
    options: PgConnectOptions,
    requests: UnboundedReceiver<ListenRequest>,
    channels: ListenedChannels,
}

/// Nobody gives orders any more.
struct Closed;

impl ListenerTask {
    fn start(options: PgConnectOptions) -> UnboundedSender<ListenRequest> {
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(Self { options, requests, channels: ListenedChannels::default() }.run());
        sender
    }

    async fn run(mut self) {
        let mut delays = reconnect_delays();
        loop {
            let connected = self.connect().await;
            let ended = match connected {
                Ok(connection) => {
                    delays = reconnect_delays();
                    // What was notified meanwhile is gone.
                    self.channels.mark_lost();
                    self.forward_notifications(connection).await
                }
                Err(fault) => Err(fault),
            };
            match ended {
                Ok(Closed) => return,
                Err(fault) => {
                    let error = &fault as &dyn std::error::Error;
                    tracing::warn!(error, "not listening to PostgreSQL; connecting again");
                }
            }
            let pause = delays.next().unwrap_or(CHECK_INTERVAL);
            if let Ok(Closed) = time::timeout(pause, self.refuse_requests()).await {
                return;
            }
        }
    }

    /// Connects, and listens to everything that is watched.
    async fn connect(&mut self) -> Result<PgListener, PostgresLayerError> {
        // A pool of its own for each connection: one that does not answer any more is still waited
        // for by its pool.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(ANSWER_WAIT_MAX)
            .connect_lazy_with(self.options.clone());
        let mut connection = PgListener::connect_with(&pool).await?;
        connection.eager_reconnect(false);
        self.channels.take_unsubscribed();
        let listen = statements("LISTEN", self.channels.names());
        execute(&mut connection, SETTINGS.to_owned() + &listen).await?;
        Ok(connection)
    }

    /// Hands on what comes, until the connection is lost.
    async fn forward_notifications(
        &mut self,
        mut connection: PgListener,
    ) -> Result<Closed, PostgresLayerError> {
        let mut checks = time::interval(CHECK_INTERVAL);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                request = self.requests.recv() => match request {
                    Some(request) => self.subscribe_all(request, &mut connection).await?,
                    None => return Ok(Closed),
                },
                notification = connection.try_recv() => match notification? {
                    Some(notification) => self.channels.deliver(notification.channel(), notification.payload()),
                    None => return Err(PostgresLayerError::NotListening),
                },
                _ = checks.tick() => {
                    let unwatched = self.channels.take_unsubscribed();
                    let unlisten = statements("UNLISTEN", unwatched.iter().map(String::as_str));
                    execute(&mut connection, unlisten + "SELECT 1").await?;
                }
            }
        }
    }

    /// Fills an order and those behind it, in one round trip.
    ///
    /// Also where this process listens already: what was published before is here when the server has
    /// answered, and is not for those who subscribe now.
    async fn subscribe_all(
        &mut self,
        first: ListenRequest,
        connection: &mut PgListener,
    ) -> Result<(), PostgresLayerError> {
        let mut requests = vec![first];
        while let Ok(request) = self.requests.try_recv() {
            requests.push(request);
        }
        let listen = statements("LISTEN", requests.iter().map(|request| request.name.as_str()));
        execute(connection, listen).await?;
        while let Some(notification) = connection.next_buffered() {
            self.channels.deliver(notification.channel(), notification.payload());
        }
        for request in requests {
            // Who does not wait any more drops it at once.
            let _ = request.reply.send(self.channels.subscribe(&request.name));
        }
        Ok(())
    }

    /// Whoever wants to subscribe while there is no connection is told at once.
    async fn refuse_requests(&mut self) -> Closed {
        while self.requests.recv().await.is_some() {}
        Closed
    }
}

fn statements<'a>(verb: &str, names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("{verb} \"{}\"; ", name.replace('"', "\"\""))).collect()
}

async fn execute(
    connection: &mut PgListener,
    statements: String,
) -> Result<(), PostgresLayerError> {
    time::timeout(ANSWER_WAIT_MAX, connection.execute(AssertSqlSafe(statements))).await??;
    Ok(())
}
