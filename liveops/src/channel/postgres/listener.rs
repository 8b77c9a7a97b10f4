//! The listening connection to PostgreSQL: one task per process that owns the connection, reconnects, and
//! delivers notifications.

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
    listened_channels::ListenedChannels,
};
use crate::channel::{ChannelError, Subscription, reconnect_delays::reconnect_delays};

/// Interval at which the task checks the connection and stops listening to channels without subscribers.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Timeouts after which the server drops a vanished client. The server keeps every notification until all
/// listeners have read it, so a vanished listener must not stay for long.
const SETTINGS: &str = "SET tcp_user_timeout = '30s'; SET tcp_keepalives_idle = 30; ";

/// Listens for this process, over one connection for any number of channels.
///
/// The connection listens to each channel by name, so the server sends only the notifications of subscribed
/// channels.
#[derive(Debug)]
pub(super) struct Listener {
    options: PgConnectOptions,
    /// The sender of requests to the listener task. The task ends when the sender is dropped.
    requests: OnceLock<UnboundedSender<ListenRequest>>,
}

/// A request to subscribe to a channel. The caller waits until the server listens to the channel.
#[derive(Debug)]
struct ListenRequest {
    name: String,
    reply: oneshot::Sender<Subscription>,
}

impl Listener {
    /// Creates a listener. The task starts with the first subscription.
    pub(super) fn new(options: PgConnectOptions) -> Self {
        let options = options.application_name("liveops listener").disable_statement_logging();
        Self { options, requests: OnceLock::new() }
    }

    /// Subscribes to a channel by its PostgreSQL name.
    pub(super) async fn subscribe(&self, name: String) -> Result<Subscription, ChannelError> {
        let (reply, subscription) = oneshot::channel();
        let request = ListenRequest { name, reply };
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

/// The end of the task: every sender of requests is gone.
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
                    // Notifications sent while the connection was down are lost.
                    self.channels.mark_lost();
                    self.forward_notifications(connection).await
                }
                Err(fault) => Err(fault),
            };
            let pause = delays.next().unwrap_or(CHECK_INTERVAL);
            match ended {
                Ok(Closed) => return,
                Err(fault) => {
                    let error = &fault as &dyn std::error::Error;
                    tracing::warn!(
                        error,
                        "no listening connection to PostgreSQL; connecting again in {pause:?}"
                    );
                }
            }
            if let Ok(Closed) = time::timeout(pause, self.refuse_requests()).await {
                return;
            }
        }
    }

    /// Connects, and listens to every subscribed channel.
    async fn connect(&mut self) -> Result<PgListener, PostgresLayerError> {
        // A new pool for each connection: the old pool still waits for a connection that no longer answers.
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

    /// Delivers notifications and handles requests until the connection is lost.
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
                    let unsubscribed = self.channels.take_unsubscribed();
                    let unlisten = statements("UNLISTEN", unsubscribed.iter().map(String::as_str));
                    execute(&mut connection, unlisten + "SELECT 1").await?;
                }
            }
        }
    }

    /// Handles a request and all queued requests in one round trip.
    ///
    /// `LISTEN` is also sent for channels that this process already listens to: once the server has
    /// confirmed it, every earlier notification has arrived, and new subscribers do not receive earlier
    /// notifications.
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
            // If the caller stopped waiting, this drops the subscription.
            let _ = request.reply.send(self.channels.subscribe(&request.name));
        }
        Ok(())
    }

    /// Refuses requests at once while the connection is down.
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
