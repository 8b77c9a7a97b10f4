#[cfg(feature = "sqlite")]
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::StoreError;

/// How long a writer waits for another one to let go of a SQLite file.
#[cfg(feature = "sqlite")]
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to the database at `url` with the settings that liveops is tested with.
///
/// `sqlite://app.sqlite3` opens a file, and makes it if there is none: in write-ahead mode, with
/// foreign keys, and waiting ten seconds for another writer. `sqlite::memory:` is a database that
/// lives as long as the connection. `postgres://user@host/database` is a server. An application
/// with a connection of its own does not need this.
///
/// On SQLite there is one connection, as sea-orm has it. Whoever holds it, with a transaction or a stream
/// of rows, keeps everything else waiting that asks the database, the ends of operations included:
/// read what takes long page by page, with a query for each.
///
/// # Errors
///
/// When the URL is not understood or the database cannot be reached.
pub async fn connect(url: &str) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(url);
    options.sqlx_logging(false);
    #[cfg(feature = "sqlite")]
    if url.starts_with("sqlite:") {
        configure_sqlite(&mut options, url.contains(":memory:"));
    }
    Database::connect(options).await.map_err(StoreError::of("connect"))
}

#[cfg(feature = "sqlite")]
fn configure_sqlite(options: &mut ConnectOptions, in_memory: bool) {
    use sea_orm::sqlx::{Connection, sqlite::SqliteJournalMode};

    if in_memory {
        // Every connection has a database of its own, gone when it closes: keep exactly one.
        options.min_connections(1).max_connections(1);
        options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    } else {
        // SQLite takes a transaction back by itself when the disk is full, and the driver then counts
        // it as open for ever: a later one would be a savepoint in none, be taken back only to its
        // beginning, and keep the file locked.
        options.map_sqlx_sqlite_before_acquire(|connection, _| {
            Box::pin(async { Ok(!connection.is_in_transaction()) })
        });
    }
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite.busy_timeout(BUSY_TIMEOUT).foreign_keys(true).create_if_missing(true);
        if in_memory { sqlite } else { sqlite.journal_mode(SqliteJournalMode::Wal) }
    });
}
