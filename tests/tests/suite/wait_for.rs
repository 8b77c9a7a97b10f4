//! Waits for the end of an operation, in the process that runs it and in others.

use std::time::Duration;

use futures_util::FutureExt;
use liveops::{
    Config, LiveOps, OperationId, OperationState, Run, RunnerKind,
    channel::MemoryChannelLayer,
    runner::{OperationOutcome, WaitError},
};
use sea_orm::EntityTrait;
use tokio::time::timeout;

use crate::support::{
    app::{ChainStart, Ending, Gate, Greeting, How, Nothing, Steps, TestApp},
    database::on_every_database,
    rows,
};

/// How long the answer may take.
const SOON: Duration = Duration::from_secs(30);

const HOUR: Duration = Duration::from_secs(3_600);

async fn outcome<Op: Run>(
    liveops: &LiveOps,
    id: OperationId,
) -> Result<OperationOutcome<Op::Output>, WaitError> {
    timeout(SOON, liveops.wait_for::<Op>(id)).await.expect("the wait ends")
}

fn hourly() -> Config {
    let mut config = Config::default();
    config.poll_interval = HOUR;
    config
}

on_every_database! {
    async fn a_wait_returns_the_outcome_in_each_way_of_an_end(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder.config(hourly())).await;
        let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
        let finished = outcome::<Greeting>(&app.liveops, id).await.unwrap();
        assert!(matches!(finished, OperationOutcome::Finished(it) if it.greeting == "Hello, Ann!"));
        let id = app.liveops.enqueue(Ending { how: How::UserError }, "ann").await.unwrap();
        let failed = outcome::<Ending>(&app.liveops, id).await.unwrap();
        assert_eq!(failed, OperationOutcome::Failed("The file has no header".to_owned()));

        // The notification of the end ends the wait: the next poll is in an hour.
        let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        app.reports::<Steps>(id, "in Load").await;
        let (waited, ()) = tokio::join!(outcome::<Steps>(&app.liveops, id), async {
            app.liveops.cancel(id).await.unwrap();
        });
        assert_eq!(waited.unwrap(), OperationOutcome::Cancelled);
        assert_eq!(outcome::<Steps>(&app.liveops, id).await.unwrap(), OperationOutcome::Cancelled);
    }

    async fn a_wait_in_another_process_ends_without_a_notification(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder).await;
        // A channel layer of its own.
        let elsewhere = app.elsewhere(|builder: liveops::runner::Builder<Gate>| {
            builder.channel_layer(MemoryChannelLayer::new()).runner(RunnerKind::Worker)
        });
        let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        app.reports::<Steps>(id, "in Load").await;
        let (waited, ()) = tokio::join!(outcome::<Steps>(&elsewhere, id), async { app.gate.open(3) });
        assert_eq!(waited.unwrap(), OperationOutcome::Finished(3));
    }

    async fn an_operation_that_is_unknown_or_of_another_type_is_an_error(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder.runner(RunnerKind::Worker)).await;
        let unknown = OperationId::new();
        let error = outcome::<Nothing>(&app.liveops, unknown).await.unwrap_err();
        assert!(matches!(error, WaitError::Unknown { id } if id == unknown), "{error}");
        let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
        let error = outcome::<Nothing>(&app.liveops, id).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("operation {id} is a `test.greeting`, and not a `test.nothing`")
        );
    }

    async fn an_operation_that_is_deleted_during_the_wait_is_an_error(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder.runner(RunnerKind::Worker)).await;
        let id = app.liveops.enqueue(Nothing, "ann").await.unwrap();
        let (waited, ()) = tokio::join!(outcome::<Nothing>(&app.liveops, id), async {
            rows::Entity::delete_by_id(id.as_uuid()).exec(&app.db).await.unwrap();
        });
        assert!(matches!(waited, Err(WaitError::Unknown { .. })), "{waited:?}");
    }

    async fn an_output_of_another_version_is_an_error(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder).await;
        let id = app.liveops.enqueue(Nothing, "ann").await.unwrap();
        app.reaches(id, OperationState::FinishedOk).await;
        rows::update(id)
            .col_expr(rows::Column::OpType, sea_orm::sea_query::Expr::value("test.greeting"))
            .exec(&app.db)
            .await
            .unwrap();
        let error = outcome::<Greeting>(&app.liveops, id).await.err().expect("it does not fit");
        assert!(matches!(error, WaitError::Output { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_wait_that_is_dropped_can_be_repeated() {
    let app = TestApp::spawn().await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reports::<Steps>(id, "in Load").await;
    assert!(app.liveops.wait_for::<Steps>(id).now_or_never().is_none());
    app.gate.open(3);
    assert_eq!(outcome::<Steps>(&app.liveops, id).await.unwrap(), OperationOutcome::Finished(3));
}

#[tokio::test]
async fn a_wait_does_not_follow_a_chain() {
    let app = TestApp::spawn().await;
    let id = app.liveops.enqueue(ChainStart { name: "Ann".into() }, "ann").await.unwrap();
    app.gate.open(1);
    let first = outcome::<ChainStart>(&app.liveops, id).await.unwrap();
    assert_eq!(first, OperationOutcome::Finished(()));
    let next = app.next_of(id).await.unwrap().operation_id();
    let second = outcome::<Greeting>(&app.liveops, next).await.unwrap();
    assert!(second.output().is_some());
}
