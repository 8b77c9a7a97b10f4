//! PgBouncer between an application and PostgreSQL.

use std::{error::Error, time::Duration};

use liveops::{
    OperationState,
    channel::PostgresChannelLayer,
    store::{self, Migrator},
};
use tokio::time::timeout;

use crate::support::{
    app::{Greeting, Steps, TestApp},
    pgbouncer::PgBouncer,
    postgres::PostgresDatabase,
};

/// Far longer than anything takes on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn operations_run_and_pages_follow_behind_a_pooler_in_session_mode() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let Some(pooler) = PgBouncer::start(&database.url(), "session") else { return };
    let layer = store::connect(pooler.url()).await.unwrap();
    let app = TestApp::on(pooler.url(), |builder| {
        builder.channel_layer(PostgresChannelLayer::new(&layer).unwrap())
    })
    .await;
    let everything = async {
        let steps = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        app.reports::<Steps>(steps, "in Load").await;
        app.gate.open(3);
        app.ends(steps).await;
        for _ in 0..20 {
            let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
            app.reaches(id, OperationState::FinishedOk).await;
        }
    };
    timeout(TIMEOUT, everything).await.expect("every operation ends");
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_is_refused_at_the_start() {
    let Some(database) = PostgresDatabase::create().await else { return };
    // Also on tables that need no migration.
    let direct = store::connect(&database.url()).await.unwrap();
    store::migrate::<Migrator>(&direct).await.unwrap();
    let Some(pooler) = PgBouncer::start(&database.url(), "transaction") else { return };
    for _ in 0..5 {
        let db = store::connect(pooler.url()).await.unwrap();
        let error = store::migrate::<Migrator>(&db).await.unwrap_err();
        let source = error.source().unwrap().to_string();
        assert!(source.contains("set `pool_mode = session` in PgBouncer"), "{source}");
    }
}
