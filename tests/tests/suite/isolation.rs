//! PostgreSQL databases whose default isolation makes concurrent transactions fail.

use std::time::Duration;

use futures_util::future::join_all;
use liveops::{Config, LiveOperation, OperationState, Progress, Run, RunResult, store::ListFilter};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Greeting, TestApp},
    log::Log,
    postgres::PostgresDatabase,
    until::until,
};

const COUNT: usize = 200;

/// Hands over to a [`Greeting`] after two stages.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("One", "Two")]
#[liveop(app = "test", public)]
struct TwoStages {
    number: usize,
}

impl Run for TwoStages {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        for stage in [TwoStagesStage::One, TwoStagesStage::Two] {
            p.stage_once(stage, async { Ok(1) }).await?;
        }
        p.chain_to(Greeting { name: self.number.to_string() });
        Ok(())
    }
}

/// Runs many chains at once in a database with this default isolation, and retries their last links.
async fn every_write_succeeds(isolation: &str) {
    let Some(database) = PostgresDatabase::create().await else { return };
    let log = Log::begin();
    let db = liveops::store::connect(&database.url()).await.unwrap();
    let name = database.url().rsplit('/').next().unwrap().to_owned();
    let set = format!("ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'");
    db.execute_unprepared(&set).await.unwrap();
    // For new connections only.
    db.close().await.unwrap();

    let mut config = Config::default();
    config.poll_interval = Duration::from_millis(10);
    let with_stages = |builder: liveops::runner::Builder<_>| builder.register::<TwoStages>();
    let app = TestApp::on(&database.url(), |builder| with_stages(builder).config(config)).await;
    let created = (0..COUNT).map(|number| {
        let body = format!("{{\"number\":{number}}}");
        let app = &app;
        async move { app.post_json("/live/test.two_stages/", &body).await }
    });
    for answer in join_all(created).await {
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.body);
    }
    let ended = async |op_type: &str| {
        let filter = ListFilter::new().with_op_type(op_type).with_state(OperationState::FinishedOk);
        app.liveops.count(&filter).await.unwrap() == COUNT as u64
    };
    until("all have ended", async || {
        ended(TwoStages::OP_TYPE).await && ended(Greeting::OP_TYPE).await
    })
    .await;
    let filter = ListFilter::new().with_op_type(Greeting::OP_TYPE);
    let greetings = app.liveops.list(&filter, COUNT as u64).await.unwrap();
    let retried = greetings.iter().map(|row| app.liveops.retry(row.operation_id()));
    for retried in join_all(retried).await {
        retried.unwrap();
    }
    until("all have ended again", async || ended(Greeting::OP_TYPE).await).await;
    let refused: Vec<_> = log
        .lines()
        .into_iter()
        .filter(|line| line.level <= tracing::Level::WARN && line.target.starts_with("liveops"))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[tokio::test]
async fn every_write_succeeds_if_transactions_are_serializable() {
    every_write_succeeds("serializable").await;
}

#[tokio::test]
async fn every_write_succeeds_if_reads_are_repeatable() {
    every_write_succeeds("repeatable read").await;
}
