//! Databases of the store's tests: an empty one for each test, on each backend.
//!
//! The published package has no other tests to share this with.

use std::{env, thread};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, TryGetable};
use tempfile::TempDir;
use tokio::task;
use url::Url;
use uuid::Uuid;

use crate::store;

/// An empty database of one test, deleted with the value.
#[derive(Debug)]
pub(super) enum TestDatabase {
    SqliteFile(TempDir),
    Postgres(PostgresDatabase),
}

impl TestDatabase {
    pub(super) fn sqlite_file() -> Self {
        Self::SqliteFile(tempfile::tempdir().unwrap())
    }

    /// Returns `None` without a PostgreSQL server.
    pub(super) async fn postgres() -> Option<Self> {
        PostgresDatabase::create().await.map(Self::Postgres)
    }

    /// Connects as an application would.
    pub(super) async fn connect(&self) -> DatabaseConnection {
        let url = match self {
            Self::SqliteFile(folder) => {
                format!("sqlite://{}", folder.path().join("test.sqlite3").display())
            }
            Self::Postgres(database) => database.url(),
        };
        store::connect(&url).await.unwrap()
    }

    /// Connects to PostgreSQL as a role that may read and write rows, and create nothing. The tables must
    /// exist.
    ///
    /// # Panics
    ///
    /// Panics on another database.
    pub(super) async fn connect_with_data_rights(&self) -> DatabaseConnection {
        let Self::Postgres(database) = self else { panic!("SQLite has no roles") };
        let role = &database.name;
        let grant = format!(
            "CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
        );
        self.connect().await.execute_unprepared(&grant).await.unwrap();
        let mut url = Url::parse(&database.url()).unwrap();
        url.set_username(role).unwrap();
        store::connect(url.as_str()).await.unwrap()
    }
}

/// A PostgreSQL database of one test.
#[derive(Debug)]
pub(super) struct PostgresDatabase {
    server: Url,
    name: String,
}

impl PostgresDatabase {
    /// Creates an empty database. Returns `None` without a server, so that the test ends early.
    ///
    /// # Panics
    ///
    /// Panics if there is no server and `LIVEOPS_TEST_REQUIRE=all`.
    async fn create() -> Option<Self> {
        const VARIABLE: &str = "LIVEOPS_TEST_POSTGRES_URL";
        let Ok(url) = env::var(VARIABLE) else {
            let is_required = env::var("LIVEOPS_TEST_REQUIRE").as_deref() == Ok("all");
            assert!(!is_required, "no PostgreSQL: {VARIABLE} is not set");
            eprintln!("left out, no PostgreSQL: {VARIABLE} is not set; `cargo xtask test` sets it");
            return None;
        };
        let server = Url::parse(&url).unwrap();
        let name = format!("liveops_{}", Uuid::now_v7().simple());
        execute(&server, &format!("CREATE DATABASE {name}")).await.unwrap();
        Some(Self { server, name })
    }

    fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url.into()
    }
}

impl Drop for PostgresDatabase {
    /// Drops the database in a thread with its own runtime, because the runtime of the test may be blocked
    /// by this drop, or gone.
    fn drop(&mut self) {
        let server = self.server.clone();
        // The test may still hold connections.
        let statement = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let role = format!("DROP ROLE IF EXISTS {}", self.name);
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                execute(&server, &statement).await?;
                execute(&server, &role).await
            })
        });
        match dropping.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("failed to drop {}: {error}", self.name),
            Err(_) => eprintln!("failed to drop {}: the thread panicked", self.name),
        }
    }
}

async fn execute(server: &Url, statement: &str) -> Result<(), DbErr> {
    let db = store::connect(server.as_str()).await.unwrap();
    db.execute_unprepared(statement).await?;
    db.close().await
}

/// Returns the value that a query selects.
pub(super) async fn value<T: TryGetable>(connection: &impl ConnectionTrait, sql: &str) -> T {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Waits until a statement to PostgreSQL that begins with `statement` waits for a lock.
pub(super) async fn is_waiting(db: &DatabaseConnection, statement: &str) {
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
         AND datname = current_database() AND query ILIKE '{statement}%'"
    );
    while value::<i64>(db, &waiting).await == 0 {
        task::yield_now().await;
    }
}

/// Makes each claim about databases one test for every backend: `sqlite::claim` and `postgres::claim`. Used
/// once in a module, around all of its claims.
macro_rules! on_every_database {
    ($(
        $(#[$attribute:meta])*
        async fn $claim:ident($database:ident: TestDatabase) $body:block
    )+) => {
        $(
            $(#[$attribute])*
            async fn $claim($database: $crate::store::tests::database::TestDatabase) $body
        )+

        mod sqlite {
            use $crate::store::tests::database::TestDatabase;

            $(
                #[tokio::test]
                async fn $claim() {
                    super::$claim(TestDatabase::sqlite_file()).await;
                }
            )+
        }

        mod postgres {
            use $crate::store::tests::database::TestDatabase;

            $(
                #[tokio::test]
                async fn $claim() {
                    if let Some(database) = TestDatabase::postgres().await {
                        super::$claim(database).await;
                    }
                }
            )+
        }
    };
}
pub(super) use on_every_database;
