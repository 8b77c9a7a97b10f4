//! apalis, with each of the backends that it is used with here.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    task::{Context, Poll},
    time::Duration,
};

use apalis_core::{
    backend::{TaskSink, ext::BackendExt},
    error::{BoxDynError, WorkerError},
    task::Task,
    worker::builder::WorkerBuilder,
};
use apalis_postgres::PostgresStorage;
use apalis_redis::RedisStorage;
use futures_util::future::{BoxFuture, select_all};
use liveops::{
    LiveOps,
    runner::{
        Builder, WakeUp,
        apalis::{ApalisWakeUpSender, WakeUpService},
    },
    store,
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::{sync::watch, task::JoinHandle};
use tower::Service;
use url::Url;
use uuid::Uuid;

use super::{app::Gate, database::TestDatabase, need::need, sql::value, sqlite::SqliteFile};

/// How often an apalis worker that nobody tells of messages looks for them.
const FETCH_INTERVAL: Duration = Duration::from_millis(20);

/// How often apalis workers speak up, and how often they may fail to: whole seconds is what the
/// backends count in.
const HEARTBEAT: Duration = Duration::from_secs(1);
const HEARTBEATS_MISSED: usize = 3;

/// A queue of messages of one test's own, with a database for the operations.
pub(crate) struct Broker {
    database: TestDatabase,
    route: Route,
}

/// How a process reaches the queue.
pub(crate) struct Route {
    connection: Connection,
    queue: String,
}

#[derive(Clone)]
enum Connection {
    Redis {
        url: Url,
        connection: apalis_redis::ConnectionManager,
    },
    /// That of the operations, where the messages are tables beside theirs.
    Postgres {
        url: Url,
        db: DatabaseConnection,
    },
}

impl Broker {
    /// `None` where there is no server.
    pub(crate) async fn redis() -> Option<Self> {
        let url = Url::parse(&need("Redis", "LIVEOPS_TEST_REDIS_URL")?).unwrap();
        let connection = Connection::redis(url).await;
        Some(Self::new(TestDatabase::SqliteFile(SqliteFile::new()), connection))
    }

    /// `None` where there is no server.
    pub(crate) async fn postgres() -> Option<Self> {
        let database = TestDatabase::postgres().await?;
        let connection = Connection::postgres(Url::parse(&database.url()).unwrap()).await;
        let Connection::Postgres { db, .. } = &connection else { unreachable!() };
        PostgresStorage::setup(db.get_postgres_connection_pool()).await.unwrap();
        Some(Self::new(database, connection))
    }

    fn new(database: TestDatabase, connection: Connection) -> Self {
        let queue = format!("liveops-{}", Uuid::now_v7().simple());
        Self { database, route: Route { connection, queue } }
    }

    /// Where the operations are kept.
    pub(crate) fn database_url(&self) -> String {
        self.database.url()
    }

    /// Has an application send its wake-ups here.
    pub(crate) fn deliver_for(&self, app: Builder<Gate>) -> Builder<Gate> {
        self.route.deliver_for(app)
    }

    /// A way through this network, which leads to [`address`](Self::address).
    pub(crate) async fn route_through(&self, network: SocketAddr) -> Route {
        let through = |url: &Url| {
            let mut url = url.clone();
            url.set_ip_host(network.ip()).unwrap();
            url.set_port(Some(network.port())).unwrap();
            url
        };
        let connection = match &self.route.connection {
            Connection::Redis { url, .. } => Connection::redis(through(url)).await,
            Connection::Postgres { url, .. } => Connection::postgres(through(url)).await,
        };
        Route { connection, queue: self.route.queue.clone() }
    }

    /// Where the server is.
    pub(crate) fn address(&self) -> SocketAddr {
        let (Connection::Redis { url, .. } | Connection::Postgres { url, .. }) =
            &self.route.connection;
        let port = url.port_or_known_default().unwrap_or(5432);
        (url.host_str().unwrap(), port).to_socket_addrs().unwrap().next().unwrap()
    }

    /// Puts a message into the queue, once more.
    pub(crate) async fn push(&self, wake_up: WakeUp) {
        match &self.route.connection {
            Connection::Redis { connection, .. } => {
                redis_storage(connection, &self.route.queue).push(wake_up).await.unwrap();
            }
            Connection::Postgres { db, .. } => {
                postgres_storage(db, &self.route.queue).push(wake_up).await.unwrap();
            }
        }
    }

    /// Loses every message there is.
    pub(crate) async fn wipe(&self) {
        match &self.route.connection {
            Connection::Redis { connection, .. } => {
                let mut connection = connection.clone();
                let pattern = format!("{}:*", self.route.queue);
                let keys: Vec<String> =
                    redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap();
                let _: () = redis::cmd("DEL").arg(keys).query_async(&mut connection).await.unwrap();
            }
            Connection::Postgres { db, .. } => {
                db.execute_unprepared("TRUNCATE apalis.jobs").await.unwrap();
            }
        }
    }

    /// Waits until so many messages are there that nobody has fetched.
    pub(crate) async fn has_waiting(&self, count: i64) {
        let mut pace = tokio::time::interval(FETCH_INTERVAL);
        let reached = async {
            while self.count_waiting().await != count {
                pace.tick().await;
            }
        };
        let reached = tokio::time::timeout(Duration::from_secs(30), reached).await;
        assert!(reached.is_ok(), "{} wait, not {count}", self.count_waiting().await);
    }

    async fn count_waiting(&self) -> i64 {
        let queue = &self.route.queue;
        match &self.route.connection {
            Connection::Redis { connection, .. } => {
                // What is pushed is scheduled for now; active is what is given back.
                let (scheduled, active) = (format!("{queue}:scheduled"), format!("{queue}:active"));
                let mut count = redis::pipe();
                count.zcard(scheduled).llen(active);
                let (scheduled, active): (i64, i64) =
                    count.query_async(&mut connection.clone()).await.unwrap();
                scheduled + active
            }
            Connection::Postgres { db, .. } => {
                let select = "SELECT count(*) FROM apalis.jobs WHERE status = 'Pending'";
                value(db, select).await
            }
        }
    }

    /// One more process takes messages, and does with them what `fate` says.
    pub(crate) fn start(&self, liveops: &LiveOps, fate: Fate) -> ApalisWorker {
        let watched = watch::Sender::default();
        let service =
            Watched { inner: WakeUpService::new(liveops), fate, watched: watched.clone() };
        let worker = WorkerBuilder::new(Uuid::now_v7().simple().to_string());
        let task = match &self.route.connection {
            Connection::Redis { connection, .. } => {
                let backend = redis_storage(connection, &self.route.queue);
                let backend = backend.poll_with_interval(FETCH_INTERVAL);
                tokio::spawn(worker.backend(backend).build(service).run())
            }
            Connection::Postgres { db, .. } => {
                let backend = postgres_storage(db, &self.route.queue).with_pubsub();
                tokio::spawn(worker.backend(backend).build(service).run())
            }
        };
        ApalisWorker { task, watched }
    }
}

impl Connection {
    async fn redis(url: Url) -> Self {
        let connection = apalis_redis::connect(url.as_str()).await.unwrap();
        Self::Redis { url, connection }
    }

    async fn postgres(url: Url) -> Self {
        let db = store::connect(url.as_str()).await.unwrap();
        Self::Postgres { url, db }
    }
}

impl Route {
    pub(crate) fn deliver_for(&self, app: Builder<Gate>) -> Builder<Gate> {
        match &self.connection {
            Connection::Redis { connection, .. } => {
                app.wake_ups(ApalisWakeUpSender::new(redis_storage(connection, &self.queue)))
            }
            Connection::Postgres { db, .. } => {
                app.wake_ups(ApalisWakeUpSender::new(postgres_storage(db, &self.queue)))
            }
        }
    }
}

fn redis_storage(
    connection: &apalis_redis::ConnectionManager,
    queue: &str,
) -> RedisStorage<WakeUp> {
    let config = apalis_redis::Config::default()
        .queue(queue)
        .batch_size(1)
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(HEARTBEATS_MISSED);
    RedisStorage::new(connection.clone()).with_config(config)
}

fn postgres_storage(db: &DatabaseConnection, queue: &str) -> PostgresStorage<WakeUp> {
    let config = apalis_postgres::Config::default()
        .queue(queue)
        .batch_size(1)
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(HEARTBEATS_MISSED);
    PostgresStorage::new(db.get_postgres_connection_pool()).with_config(config)
}

/// What becomes of a process that gets a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Lives,
    /// Fetches a message, and does nothing more.
    HangsBeforeItLooks,
    /// Does what the message is for, and nothing more.
    HangsBeforeItAcknowledges,
}

/// What takes messages for a process; killed when dropped.
pub(crate) struct ApalisWorker {
    task: JoinHandle<Result<(), WorkerError>>,
    watched: watch::Sender<Counts>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    /// How often apalis wanted to fetch a message.
    asked: usize,
    received: usize,
    /// How often this process has done what the message is for.
    looked: usize,
}

impl ApalisWorker {
    pub(crate) async fn has_received(&self, count: usize) {
        self.until(|counts| counts.received >= count).await;
    }

    pub(crate) async fn has_looked(&self, count: usize) {
        self.until(|counts| counts.looked >= count).await;
    }

    /// Waits until apalis would have fetched one more message if it might have.
    pub(crate) async fn would_have_fetched(&self) {
        let before = self.watched.borrow().asked;
        self.until(|counts| counts.asked >= before + 2).await;
    }

    pub(crate) fn received(&self) -> usize {
        self.watched.borrow().received
    }

    /// Kills it on the spot.
    pub(crate) async fn kill(mut self) {
        self.task.abort();
        assert!((&mut self.task).await.unwrap_err().is_cancelled());
    }

    async fn until(&self, holds: impl Fn(&Counts) -> bool) {
        let mut watched = self.watched.subscribe();
        let reached = tokio::time::timeout(Duration::from_secs(30), watched.wait_for(holds)).await;
        assert!(reached.is_ok(), "{:?}", self.watched);
    }
}

impl Drop for ApalisWorker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until they have received so many messages together.
pub(crate) async fn have_received(workers: &[ApalisWorker], count: usize) {
    let received = async {
        loop {
            let mut changes: Vec<_> =
                workers.iter().map(|worker| worker.watched.subscribe()).collect();
            if workers.iter().map(ApalisWorker::received).sum::<usize>() >= count {
                return;
            }
            let changes = changes.iter_mut().map(|changes| Box::pin(changes.changed()));
            select_all(changes).await.0.unwrap();
        }
    };
    let received = tokio::time::timeout(Duration::from_secs(30), received).await;
    assert!(received.is_ok(), "fewer than {count} messages");
}

/// Counts what a [`WakeUpService`] does.
#[derive(Clone)]
struct Watched {
    inner: WakeUpService,
    fate: Fate,
    watched: watch::Sender<Counts>,
}

impl Service<Task<WakeUp>> for Watched {
    type Response = ();
    type Error = BoxDynError;
    type Future = BoxFuture<'static, Result<(), BoxDynError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.watched.send_modify(|counts| counts.asked += 1);
        self.inner.poll_ready(context)
    }

    fn call(&mut self, task: Task<WakeUp>) -> Self::Future {
        let (fate, watched) = (self.fate, self.watched.clone());
        watched.send_modify(|counts| counts.received += 1);
        let call = (fate != Fate::HangsBeforeItLooks).then(|| self.inner.call(task));
        Box::pin(async move {
            let Some(call) = call else { return std::future::pending().await };
            let done = call.await;
            watched.send_modify(|counts| counts.looked += 1);
            if fate == Fate::Lives { done } else { std::future::pending().await }
        })
    }
}

/// Makes each claim about apalis one test for every backend: `redis::claim` and `postgres::claim`.
/// Used once in a module, around all of its claims.
macro_rules! on_every_broker {
    ($(
        $(#[$attribute:meta])*
        async fn $claim:ident($broker:ident: Broker) $body:block
    )+) => {
        $(
            $(#[$attribute])*
            async fn $claim($broker: $crate::support::apalis::Broker) $body
        )+

        mod redis {
            use $crate::support::apalis::Broker;

            $(
                #[tokio::test]
                async fn $claim() {
                    if let Some(broker) = Broker::redis().await {
                        super::$claim(broker).await;
                    }
                }
            )+
        }

        mod postgres {
            use $crate::support::apalis::Broker;

            $(
                #[tokio::test]
                async fn $claim() {
                    if let Some(broker) = Broker::postgres().await {
                        super::$claim(broker).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_every_broker;
