use liveops::{channel::PostgresChannelLayer, store::Store};
use sea_orm::DatabaseConnection;

use super::postgres::PostgresDatabase;

/// Channel layers on a database of one test's own, each as a process of its own has it.
#[derive(Debug)]
pub(crate) struct PostgresLayers {
    pub(crate) db: DatabaseConnection,
    // Dropped behind the connection.
    database: PostgresDatabase,
}

impl PostgresLayers {
    /// With the tables made, or `None` where there is no PostgreSQL server.
    pub(crate) async fn create() -> Option<Self> {
        let database = PostgresDatabase::create().await?;
        let db = liveops::store::connect(&database.url()).await.unwrap();
        Store::new(db.clone()).migrate().await.unwrap();
        Some(Self { db, database })
    }

    pub(crate) fn layer(&self) -> PostgresChannelLayer {
        PostgresChannelLayer::new(&self.db).unwrap()
    }

    pub(crate) fn url(&self) -> String {
        self.database.url()
    }
}
