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
    database::{ANSWER_WAIT_MAX, Fault},
    notification::listened_name,
    watched::Watched,
};
use crate::{
    channel::{ChannelError, Subscription, pauses::pauses},
    operation::ChannelName,
};

/// How often the connection is asked whether it is still there, and channels that nobody watches any
/// more are given up.
const CHECK_EVERY: Duration = Duration::from_secs(5);

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
    orders: OnceLock<UnboundedSender<Order>>,
}

/// Somebody wants to watch a channel, and waits until what is published on it is sure to come.
#[derive(Debug)]
struct Order {
    name: String,
    reply: oneshot::Sender<Subscription>,
}

impl Listener {
    /// Begins to listen with the first subscription.
    pub(super) fn new(options: PgConnectOptions) -> Self {
        let options = options.application_name("liveops listener").disable_statement_logging();
        Self { options, orders: OnceLock::new() }
    }

    pub(super) async fn subscribe(
        &self,
        channel: &ChannelName,
    ) -> Result<Subscription, ChannelError> {
        let (reply, subscription) = oneshot::channel();
        let order = Order { name: listened_name(channel), reply };
        let refused = |fault| ChannelError::new("subscribe to a channel", fault);
        let orders = self.orders.get_or_init(|| Listening::start(self.options.clone()));
        orders.send(order).map_err(|_| refused(Fault::NotListening))?;
        let answer = time::timeout(ANSWER_WAIT_MAX, subscription).await;
        answer.map_err(|elapsed| refused(elapsed.into()))?.map_err(|_| refused(Fault::NotListening))
    }
}

/// The task that owns the connection.
#[derive(Debug)]
struct Listening {
    options: PgConnectOptions,
    orders: UnboundedReceiver<Order>,
    watched: Watched,
}

/// Nobody gives orders any more.
struct Over;

impl Listening {
    fn start(options: PgConnectOptions) -> UnboundedSender<Order> {
        let (sender, orders) = mpsc::unbounded_channel();
        tokio::spawn(Self { options, orders, watched: Watched::default() }.run());
        sender
    }

    async fn run(mut self) {
        let mut pauses_left = pauses();
        loop {
            let connected = self.connect().await;
            let ended = match connected {
                Ok(connection) => {
                    pauses_left = pauses();
                    // What was notified meanwhile is gone.
                    self.watched.lost();
                    self.follow(connection).await
                }
                Err(fault) => Err(fault),
            };
            match ended {
                Ok(Over) => return,
                Err(fault) => {
                    let error = &fault as &dyn std::error::Error;
                    tracing::warn!(error, "not listening to PostgreSQL; connecting again");
                }
            }
            let pause = pauses_left.next().unwrap_or(CHECK_EVERY);
            if let Ok(Over) = time::timeout(pause, self.refuse_orders()).await {
                return;
            }
        }
    }

    /// Connects, and listens to everything that is watched.
    async fn connect(&mut self) -> Result<PgListener, Fault> {
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
        self.watched.take_unwatched();
        let listen = statements("LISTEN", self.watched.names());
        execute(&mut connection, SETTINGS.to_owned() + &listen).await?;
        Ok(connection)
    }

    /// Hands on what comes, until the connection is lost.
    async fn follow(&mut self, mut connection: PgListener) -> Result<Over, Fault> {
        let mut checks = time::interval(CHECK_EVERY);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.fill(order, &mut connection).await?,
                    None => return Ok(Over),
                },
                notification = connection.try_recv() => match notification? {
                    Some(told) => self.watched.deliver(told.channel(), told.payload()),
                    None => return Err(Fault::NotListening),
                },
                _ = checks.tick() => {
                    let unwatched = self.watched.take_unwatched();
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
    async fn fill(&mut self, first: Order, connection: &mut PgListener) -> Result<(), Fault> {
        let mut orders = vec![first];
        while let Ok(order) = self.orders.try_recv() {
            orders.push(order);
        }
        let listen = statements("LISTEN", orders.iter().map(|order| order.name.as_str()));
        execute(connection, listen).await?;
        while let Some(told) = connection.next_buffered() {
            self.watched.deliver(told.channel(), told.payload());
        }
        for order in orders {
            // Who does not wait any more drops it at once.
            let _ = order.reply.send(self.watched.subscribe(&order.name));
        }
        Ok(())
    }

    /// Whoever wants to subscribe while there is no connection is told at once.
    async fn refuse_orders(&mut self) -> Over {
        while self.orders.recv().await.is_some() {}
        Over
    }
}

fn statements<'a>(verb: &str, names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("{verb} \"{}\"; ", name.replace('"', "\"\""))).collect()
}

async fn execute(connection: &mut PgListener, statements: String) -> Result<(), Fault> {
    time::timeout(ANSWER_WAIT_MAX, connection.execute(AssertSqlSafe(statements))).await??;
    Ok(())
}
