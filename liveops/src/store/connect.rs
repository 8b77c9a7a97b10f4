//! Database connections with the settings that liveops is tested with.

use std::borrow::Cow;
#[cfg(feature = "sqlite")]
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr};

use super::StoreError;

/// Time for which a writer waits for a locked SQLite file.
#[cfg(feature = "sqlite")]
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to the database at `url` with the settings that liveops is tested with.
///
/// `sqlite://app.sqlite3` opens a file and creates it if missing: in write-ahead mode, with foreign keys, and with a
/// ten-second wait for another writer. With `?mode=rw` a missing file is an error. `sqlite::memory:` is a database
/// that lives as long as its connection. `postgres://user@host/database` is a server. An application with its own
/// connection does not need this function.
///
/// sea-orm uses one connection for SQLite. A transaction or a row stream of the application that holds the
/// connection blocks every other query of the application: read long results page by page, with one query per
/// page. liveops has connections of its own to a SQLite file, so its pages do not wait; a transaction that has
/// written blocks other writers, including the ends of operations, until it ends. In memory there is only one
/// connection, and all queries wait for it.
///
/// The function ignores parameters of the URL that the driver does not know, and logs a warning.
///
/// # Errors
///
/// Returns an error if the URL is invalid or the database is unreachable. The error never contains the URL, which
/// may contain a password.
pub async fn connect(url: &str) -> Result<DatabaseConnection, StoreError> {
    let url = &*known_parameters(url).map_err(StoreError::of("connect"))?;
    let mut options = ConnectOptions::new(url);
    options.sqlx_logging(false);
    #[cfg(feature = "sqlite")]
    if url.starts_with("sqlite:") {
        configure_sqlite(&mut options, is_in_memory(url), creates_file(url));
    }
    let connected = Database::connect(options).await.map_err(|error| without_url(error, url));
    connected.map_err(StoreError::of("connect"))
}

/// The parameters of a PostgreSQL URL that sqlx knows, except `options[…]`.
const POSTGRES_PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Returns the URL without the PostgreSQL parameters that sqlx does not know. sqlx would log their values, and a value
/// may be a password after a mistyped name.
fn known_parameters(url: &str) -> Result<Cow<'_, str>, DbErr> {
    if url.starts_with("sqlite:") {
        return Ok(Cow::Borrowed(url));
    }
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(invalid_url());
    }
    let Some((address, parameters)) = url.split_once('?') else { return Ok(Cow::Borrowed(url)) };
    let is_known = |parameter: &&str| {
        let name = form_urlencoded::parse(parameter.as_bytes()).next().map(|(name, _)| name);
        let name = name.unwrap_or_default();
        POSTGRES_PARAMETERS.contains(&&*name) || name.starts_with("options[")
    };
    let parameters: Vec<&str> = parameters.split('&').collect();
    let known: Vec<&str> = parameters.iter().copied().filter(is_known).collect();
    if known.len() == parameters.len() {
        return Ok(Cow::Borrowed(url));
    }
    tracing::warn!(
        ignored = parameters.len() - known.len(),
        "the URL of the database has unknown parameters; ignoring them"
    );
    Ok(Cow::Owned(format!("{address}?{}", known.join("&"))))
}

fn invalid_url() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(
        "expected a URL such as postgres://user:password@host/name or sqlite://file.sqlite3"
            .to_owned(),
    ))
}

/// Returns the error without the URL, which may contain a password.
fn without_url(error: DbErr, url: &str) -> DbErr {
    match error {
        DbErr::Conn(RuntimeErr::Internal(message)) if message.contains(url) => invalid_url(),
        error => error,
    }
}

#[cfg(feature = "sqlite")]
fn configure_sqlite(options: &mut ConnectOptions, in_memory: bool, creates_file: bool) {
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
        let sqlite = sqlite.busy_timeout(BUSY_TIMEOUT).foreign_keys(true);
        let sqlite = sqlite.create_if_missing(creates_file);
        if in_memory { sqlite } else { sqlite.journal_mode(SqliteJournalMode::Wal) }
    });
}

#[cfg(feature = "sqlite")]
fn is_in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

/// Returns `true` unless the URL says that the file exists.
#[cfg(feature = "sqlite")]
fn creates_file(url: &str) -> bool {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    !parameters.split('&').any(|parameter| ["mode=rw", "mode=ro"].contains(&parameter))
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use futures_util::FutureExt;
    use sea_orm::ConnectionTrait;

    use super::*;

    /// The message of an error with all of its causes.
    fn whole(error: &dyn std::error::Error) -> String {
        let causes = std::iter::successors(Some(error), |error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }

    #[tokio::test]
    async fn no_error_contains_the_password() {
        for url in [
            "mysql://ann:S3cr3tPw@localhost/x",
            "postgres:ann:S3cr3tPw@localhost/x",
            "ann:S3cr3tPw@localhost/x",
            "postgres://ann:S3cr3tPw@localhost:port/x",
            "postgres://ann:S3cr3tPw/@localhost/x",
            "postgres://127.0.0.1:1/x?user=ann&password=S3cr3tPw&connect_timeout=1",
            "",
        ] {
            // The driver retries an unreachable server for half a minute before it returns an error.
            let connected = tokio::time::timeout(Duration::from_secs(1), connect(url)).await;
            if let Ok(connected) = connected {
                let error = whole(&connected.unwrap_err());
                assert!(!error.contains("S3cr3t"), "{url}: {error}");
            } else {
                assert!(url.starts_with("postgres://127.0.0.1"), "{url}");
            }
        }
    }

    #[test]
    fn unknown_parameters_do_not_reach_the_driver_which_logs_them() {
        for (url, known) in [
            ("postgres://h/x", "postgres://h/x"),
            ("postgres://h/x?passwd=S3cr3tPw", "postgres://h/x?"),
            (
                "postgresql://h/x?sslmode=require&pass=S3cr3tPw&user=ann",
                "postgresql://h/x?sslmode=require&user=ann",
            ),
            (
                "postgres://h/x?options%5Bsearch_path%5D=a&ssl%2Dmode=require",
                "postgres://h/x?options%5Bsearch_path%5D=a&ssl%2Dmode=require",
            ),
            ("sqlite://a?mode=ro", "sqlite://a?mode=ro"),
        ] {
            assert_eq!(known_parameters(url).unwrap(), known);
        }
    }

    #[tokio::test]
    async fn a_missing_file_is_created_unless_the_url_says_that_it_exists() {
        let dir = tempfile::tempdir().unwrap();
        for (parameters, creates) in
            [("?mode=rw", false), ("?mode=ro", false), ("?mode=rwc", true), ("", true)]
        {
            let file = dir.path().join(format!("app{}", parameters.len()));
            let connected = connect(&format!("sqlite://{}{parameters}", file.display())).await;
            assert_eq!((connected.is_ok(), file.exists()), (creates, creates), "{parameters}");
        }
    }

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
