//! The public type of the PostgreSQL channel layer: settings and the [`ChannelLayer`] implementation.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sea_orm::DatabaseConnection;

use super::{database::Database, expiry_sweeper::ExpirySweeper, listener::Listener};
use crate::{
    channel::{
        CatchUp, ChannelError, ChannelLayer, Cursor, Notice, OpenedBy, Payload, PublishError,
        Subscription,
    },
    operation::{Attempt, ChannelName},
    render::Fragment,
};

/// Default time for which the state of a channel is kept after its operation ended.
const RETENTION: Duration = Duration::from_secs(300);

/// Longest interval between two sweeps by one process, while that process opens channels.
const SWEEP_EVERY_MAX: Duration = Duration::from_secs(60);

/// A channel layer in the PostgreSQL database of the operations. Any number of processes can serve and run
/// operations without another server.
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
/// The migrations of liveops create the tables. The tables are unlogged: publishing does not wait for the
/// disk. A crash of the server empties them, and every active run then publishes a new snapshot.
///
/// A process opens one connection that listens, from the first subscription on, and up to four connections
/// that publish and catch up, all separate from those of `db`. A lost listening connection reconnects by
/// itself, and every subscriber then receives [`Lagged`](crate::channel::Lagged).
///
/// Every notification carries the schema of the tables, so applications in several schemas of one database do
/// not receive those of each other.
///
/// A connection pooler in transaction mode does not deliver notifications. The layer detects one at its first use: it
/// logs an error, and every call fails. Give the layer a `db` that connects to the server directly. The database
/// connection of the operations may use the pooler. The layer uses the connect options of `db`, but not the hooks of
/// its pool.
///
/// A notification holds less than 8,000 bytes; a longer frame travels in several notifications. PostgreSQL
/// commits transactions with notifications one at a time, and every listening connection skips the
/// notifications of other channels. Both limit the throughput of one server: `docs/channel-layers.md` has
/// figures.
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
    /// Creates a layer with the connect options of `db`. The layer keeps the state of a channel for five
    /// minutes after its operation ended.
    ///
    /// The constructor does not connect. If the server is unreachable or lacks the tables, every call on
    /// the layer fails within five seconds.
    ///
    /// # Errors
    ///
    /// Returns an error if `db` is not a PostgreSQL database.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
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

    /// Sets the time for which the layer keeps the state of a channel after its operation ended, at most a
    /// century. Later clients read the operation's row.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// Deletes expired channels in a background task, if the last sweep of this process is long enough ago.
    fn sweep(&self) {
        if !self.sweeper.try_begin(SWEEP_EVERY_MAX.min(self.retention / 4)) {
            return;
        }
        let database = self.database.clone();
        tokio::spawn(async move {
            if let Err(error) = database.sweep().await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    "could not delete expired channels; the next sweep tries again"
                );
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
        self.listener.subscribe(self.database.listened_name(channel).await?).await
    }

    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
        self.database.announce(channel, &notice).await
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        self.database.ping().await
    }
}
