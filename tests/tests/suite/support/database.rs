use liveops::store;
use sea_orm::DatabaseConnection;

use super::{postgres::PostgresDatabase, sqlite::SqliteFile};

/// An empty database of one test's own, on one of the backends; gone with the test.
#[derive(Debug)]
pub(crate) enum TestDatabase {
    SqliteFile(SqliteFile),
    SqliteMemory,
    Postgres(PostgresDatabase),
}

impl TestDatabase {
    pub(crate) fn sqlite_file() -> Self {
        Self::SqliteFile(SqliteFile::new())
    }

    /// Lives in one connection: whoever connects to its URL again finds another database.
    pub(crate) fn sqlite_memory() -> Self {
        Self::SqliteMemory
    }

    /// `None` where there is no PostgreSQL server.
    pub(crate) async fn postgres() -> Option<Self> {
        PostgresDatabase::create().await.map(Self::Postgres)
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::SqliteFile(file) => file.url(),
            Self::SqliteMemory => "sqlite::memory:".into(),
            Self::Postgres(database) => database.url(),
        }
    }

    /// Connects as an application would.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        store::connect(&self.url()).await.unwrap()
    }
}

/// Makes each claim about databases one test for every backend: `sqlite::claim` and
/// `postgres::claim`. Used once in a module, around all of its claims.
///
/// ```ignore
/// on_every_database! {
///     async fn second_claim_gets_nothing(database: TestDatabase) { … }
/// }
/// ```
macro_rules! on_every_database {
    ($(
        $(#[$attribute:meta])*
        async fn $claim:ident($database:ident: TestDatabase) $body:block
    )+) => {
        $(
            $(#[$attribute])*
            async fn $claim($database: $crate::support::database::TestDatabase) $body
        )+

        mod sqlite {
            use $crate::support::database::TestDatabase;

            $(
                #[tokio::test]
                async fn $claim() {
                    super::$claim(TestDatabase::sqlite_file()).await;
                }
            )+
        }

        mod postgres {
            use $crate::support::database::TestDatabase;

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
pub(crate) use on_every_database;
