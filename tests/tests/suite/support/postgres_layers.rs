use liveops::{
    channel::PostgresChannelLayer,
    store::{self, Migrator},
};
use sea_orm::DatabaseConnection;

use super::{
    layer::{LayerOverrides, Overridden},
    postgres::PostgresDatabase,
};

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
        let db = store::connect(&database.url()).await.unwrap();
        store::migrate::<Migrator>(&db).await.unwrap();
        Some(Self { db, database })
    }

    pub(crate) fn layer(&self) -> PostgresChannelLayer {
        PostgresChannelLayer::new(&self.db).unwrap()
    }

    /// The layer of one process, which takes the database along.
    pub(crate) fn into_layer(self) -> Overridden<OwnsDatabase> {
        Overridden(OwnsDatabase { layer: self.layer(), _layers: self })
    }

    pub(crate) fn url(&self) -> String {
        self.database.url()
    }
}

/// A layer that drops its database with itself.
#[derive(Debug)]
pub(crate) struct OwnsDatabase {
    layer: PostgresChannelLayer,
    _layers: PostgresLayers,
}

impl LayerOverrides for OwnsDatabase {
    type Inner = PostgresChannelLayer;

    fn inner(&self) -> &PostgresChannelLayer {
        &self.layer
    }
}
