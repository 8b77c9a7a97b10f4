use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sea_orm::DatabaseConnection;

use super::{database::Database, listener::Listener, sweep::ExpirySweeper};
use crate::{
    channel::{
        CatchUp, ChannelError, ChannelLayer, Cursor, Notice, OpenedBy, Payload, PublishError,
        Subscription,
    },
    operation::{Attempt, ChannelName},
    render::Fragment,
};

/// How long the state of a channel is kept after its operation ended, unless set otherwise.
const RETENTION: Duration = Duration::from_secs(300);

/// How often a process looks for what to forget, at the least.
const SWEEP_EVERY_MAX: Duration = Duration::from_secs(60);

/// A channel layer in the PostgreSQL database that the operations are in: with it any number of processes
/// serve and run them, without another server.
///
/// ```no_run
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use liveops::{LiveOps, channel::PostgresChannelLayer, store};
///
/// let db = store::connect("postgres://app@localhost/app").await?;
/// let liveops = LiveOps::builder(db.clone())
///     .channel_layer(PostgresChannelLayer::new(&db)?)
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// Its tables come with the migrations of liveops. They are unlogged: publishing waits for no disk, and
/// a crash of the server empties them, upon which every run that goes on publishes a new snapshot.
///
/// A process has one connection that listens, from the first subscription on, and up to four more over
/// which it publishes and catches up, apart from those of `db`. When the one that listens is lost, it
/// connects again by itself, and every subscriber is told to catch up.
///
/// A pooler in between must not share connections among clients from one transaction to the next, as
/// nobody is notified through one that does: give the layer a `db` that is connected to the server.
///
/// Frames travel in notifications of less than 8,000 bytes, longer ones in several. PostgreSQL lets one
/// transaction with a notification commit at a time, and every connection that listens to the database
/// passes over what is for others, so there is an end to how much one server carries: `docs/channel-layers.md`
/// has figures.
///
/// Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct PostgresChannelLayer {
    database: Arc<Database>,
    listener: Arc<Listener>,
    sweeper: Arc<ExpirySweeper>,
    retention: Duration,
}

impl PostgresChannelLayer {
    /// A layer where `db` is connected to, with the same options, that keeps the state of a channel for
    /// five minutes after its operation ended.
    ///
    /// Nothing is connected yet: a server that cannot be reached, or lacks the tables, fails whatever is
    /// asked of the layer, within five seconds.
    ///
    /// # Errors
    ///
    /// When `db` is another database than PostgreSQL.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn new(db: &DatabaseConnection) -> Result<Self, ChannelError> {
        let database = Database::of(db)?;
        let listener = Listener::new(database.options());
        Ok(Self {
            database: Arc::new(database),
            listener: Arc::new(listener),
            sweeper: Arc::default(),
            retention: RETENTION,
        })
    }

    /// Keeps the state of a channel for this long after its operation ended, a century at most; after
    /// that the row is the truth.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// Forgets now and then what ended long ago, beside whatever else is done.
    fn sweep(&self) {
        if !self.sweeper.try_begin(SWEEP_EVERY_MAX.min(self.retention / 4)) {
            return;
        }
        let database = self.database.clone();
        tokio::spawn(async move {
            if let Err(error) = database.sweep().await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "channels that ended are kept for longer");
            }
        });
    }
}

#[async_trait]
impl ChannelLayer for PostgresChannelLayer {
    async fn open(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: OpenedBy,
        snapshot: Vec<Fragment>,
    ) -> Result<Cursor, PublishError> {
        self.sweep();
        self.database.open(channel, attempt, opened_by, snapshot).await
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        self.database.publish(channel, attempt, payload, self.retention).await
    }

    async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError> {
        self.database.catch_up(channel, since).await
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        self.listener.subscribe(channel).await
    }

    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
        self.database.announce(channel, &notice).await
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        self.database.ping().await
    }
}
