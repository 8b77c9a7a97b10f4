//! Database connections with the settings that liveops is tested with.

#[cfg(feature = "sqlite")]
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::StoreError;

/// Time for which a writer waits for a locked SQLite file.
#[cfg(feature = "sqlite")]
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to the database at `url` with the settings that liveops is tested with.
///
/// `sqlite://app.sqlite3` opens a file and creates it if missing: in write-ahead mode, with foreign keys,
/// and with a ten-second wait for another writer. `sqlite::memory:` is a database that lives as long as its
/// connection. `postgres://user@host/database` is a server. An application with its own connection does not
/// need this function.
///
/// sea-orm uses one connection for SQLite. A transaction or a row stream of the application that holds the
/// connection blocks every other query of the application: read long results page by page, with one query per
/// page. liveops has connections of its own to a SQLite file, so its pages do not wait; a transaction that has
/// written blocks other writers, including the ends of operations, until it ends. In memory there is only one
/// connection, and all queries wait for it.
///
/// # Errors
///
/// Returns an error if the URL is invalid or the database is unreachable.
pub async fn connect(url: &str) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(url);
    options.sqlx_logging(false);
    #[cfg(feature = "sqlite")]
    if url.starts_with("sqlite:") {
        configure_sqlite(&mut options, is_in_memory(url));
    }
    Database::connect(options).await.map_err(StoreError::of("connect"))
}

#[cfg(feature = "sqlite")]
fn configure_sqlite(options: &mut ConnectOptions, in_memory: bool) {
    use sea_orm::sqlx::{Connection, sqlite::SqliteJournalMode};

    if in_memory {
        // Each connection to `:memory:` has its own database, which is lost when the connection closes.
        // Keep exactly one.
        options.min_connections(1).max_connections(1);
        options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
        // The pool closes a connection whose test is interrupted, as by a request that is dropped because
        // its client disconnected.
        options.test_before_acquire(false);
    } else {
        // SQLite rolls a transaction back by itself when the disk is full, but the driver still counts the
        // transaction as open. A later transaction would become a savepoint without a transaction, and its
        // rollback would leave the file locked. Discard such a connection.
        options.map_sqlx_sqlite_before_acquire(|connection, _| {
            Box::pin(async { Ok(!connection.is_in_transaction()) })
        });
    }
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite.busy_timeout(BUSY_TIMEOUT).foreign_keys(true).create_if_missing(true);
        if in_memory { sqlite } else { sqlite.journal_mode(SqliteJournalMode::Wal) }
    });
}

#[cfg(feature = "sqlite")]
fn is_in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use futures_util::FutureExt;
    use sea_orm::ConnectionTrait;

    use super::*;

    /// Drops a query at its first await, and each later one further on.
    #[tokio::test]
    async fn a_dropped_query_loses_no_database_in_memory() {
        for url in ["sqlite::memory:", "sqlite://named?mode=memory"] {
            let db = connect(url).await.unwrap();
            db.execute_unprepared("CREATE TABLE kept (id integer)").await.unwrap();
            for polls in 1..20 {
                let mut query = Box::pin(db.execute_unprepared("INSERT INTO kept VALUES (1)"));
                for _ in 0..polls {
                    if (&mut query).now_or_never().is_some() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                drop(query);
                let read = db.execute_unprepared("SELECT * FROM kept").await;
                assert!(read.is_ok(), "{url}, dropped after {polls} polls: {read:?}");
            }
        }
    }
}
