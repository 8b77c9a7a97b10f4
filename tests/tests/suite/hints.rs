//! What one process tells another by the channel layer they share, at once: here no other way is
//! left, as nobody looks at the database by itself for an hour.

use std::time::Duration;

use liveops::{
    OperationState, RunnerKind,
    channel::{ChannelLayer, MemoryChannelLayer},
    runner::CancelOutcome,
};

use crate::support::{
    app::{Greeting, Steps, TestApp},
    sqlite::SqliteFile,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// One of the processes of an application.
async fn process(database: &SqliteFile, layer: impl ChannelLayer) -> TestApp {
    let mut config = liveops::Config::default();
    (config.poll_interval, config.lease) = (HOUR, HOUR);
    let runner = RunnerKind::Worker;
    TestApp::on(&database.url(), |app| app.runner(runner).channel_layer(layer).config(config)).await
}

#[tokio::test]
async fn an_operation_starts_at_once_in_another_process() {
    let (database, layer) = (SqliteFile::new(), MemoryChannelLayer::new());
    let web = process(&database, layer.clone()).await;
    let worker = process(&database, layer).await;
    worker.liveops.start_worker();
    for _ in 0..20 {
        let id = web.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
        web.reaches(id, OperationState::FinishedOk).await;
    }
}

#[tokio::test]
async fn a_run_hears_at_once_of_its_cancellation_in_another_process() {
    let (database, layer) = (SqliteFile::new(), MemoryChannelLayer::new());
    let web = process(&database, layer.clone()).await;
    let worker = process(&database, layer).await;
    worker.liveops.start_worker();
    let id = web.liveops.enqueue(Steps {}, "ann").await.unwrap();
    web.reaches(id, OperationState::Started).await;
    assert_eq!(web.liveops.cancel(id).await.unwrap(), CancelOutcome::Requested);
    web.reaches(id, OperationState::Cancelled).await;
}

#[tokio::test]
async fn what_a_process_hands_back_when_it_stops_goes_on_at_once_in_another() {
    let (database, layer) = (SqliteFile::new(), MemoryChannelLayer::new());
    let web = process(&database, layer.clone()).await;
    let first = process(&database, layer.clone()).await;
    first.liveops.start_worker();
    let id = web.liveops.enqueue(Steps {}, "ann").await.unwrap();
    web.reaches(id, OperationState::Started).await;
    let second = process(&database, layer).await;
    second.liveops.start_worker();
    second.gate.open(3);
    first.liveops.shutdown(Duration::ZERO).await;
    web.reaches(id, OperationState::FinishedOk).await;
    assert_eq!(web.liveops.find(id).await.unwrap().unwrap().rescues, 0);
}
