//! What one process tells another by the channel layer they share, at once: here no other way is
//! left, as nobody looks at the database by itself for an hour.

use std::time::Duration;

use liveops::{
    Attempt, ChannelName, OperationState, RunnerKind,
    channel::{ChannelLayer, MemoryChannelLayer, WorkerNotification},
    runner::{CancelOutcome, RetryOutcome},
};

use crate::support::{
    app::{Greeting, Steps, TestApp},
    postgres_layers::PostgresLayers,
    redis::RedisPrefix,
    sqlite::SqliteFile,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// Channel layers as the processes of one application have them.
trait Layers {
    fn one(&self) -> impl ChannelLayer;
}

impl Layers for MemoryChannelLayer {
    fn one(&self) -> impl ChannelLayer {
        self.clone()
    }
}

impl Layers for PostgresLayers {
    fn one(&self) -> impl ChannelLayer {
        self.layer()
    }
}

impl Layers for RedisPrefix {
    fn one(&self) -> impl ChannelLayer {
        self.layer()
    }
}

macro_rules! over_every_layer {
    ($($claim:ident),* $(,)?) => {
        mod memory {
            use super::*;
            $(
                #[tokio::test]
                async fn $claim() {
                    super::$claim(MemoryChannelLayer::new()).await;
                }
            )*
        }

        mod postgres {
            use super::*;
            $(
                #[tokio::test]
                async fn $claim() {
                    if let Some(layers) = PostgresLayers::create().await {
                        super::$claim(layers).await;
                    }
                }
            )*
        }

        mod redis {
            use super::*;
            $(
                #[tokio::test]
                async fn $claim() {
                    if let Some(prefix) = RedisPrefix::new() {
                        super::$claim(prefix).await;
                    }
                }
            )*
        }
    };
}

over_every_layer!(
    an_operation_starts_at_once_in_another_process,
    a_run_hears_at_once_of_its_cancellation_in_another_process,
    a_late_cancel_notification_does_not_cancel_a_later_attempt,
    what_a_process_hands_back_when_it_stops_goes_on_at_once_in_another,
);

/// One of the processes of an application.
async fn process(database: &SqliteFile, layer: impl ChannelLayer) -> TestApp {
    let mut config = liveops::Config::default();
    (config.poll_interval, config.lease) = (HOUR, HOUR);
    let runner = RunnerKind::Worker;
    TestApp::on(&database.url(), |app| app.runner(runner).channel_layer(layer).config(config)).await
}

async fn an_operation_starts_at_once_in_another_process(layers: impl Layers) {
    let database = SqliteFile::new();
    let web = process(&database, layers.one()).await;
    let worker = process(&database, layers.one()).await;
    worker.liveops.start_worker();
    for _ in 0..20 {
        let id = web.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
        web.reaches(id, OperationState::FinishedOk).await;
    }
}

async fn a_run_hears_at_once_of_its_cancellation_in_another_process(layers: impl Layers) {
    let database = SqliteFile::new();
    let web = process(&database, layers.one()).await;
    let worker = process(&database, layers.one()).await;
    worker.liveops.start_worker();
    let id = web.liveops.enqueue(Steps {}, "ann").await.unwrap();
    web.reaches(id, OperationState::Started).await;
    assert_eq!(web.liveops.cancel(id).await.unwrap(), CancelOutcome::Requested);
    web.reaches(id, OperationState::Cancelled).await;
}

async fn a_late_cancel_notification_does_not_cancel_a_later_attempt(layers: impl Layers) {
    let database = SqliteFile::new();
    let web = process(&database, layers.one()).await;
    let worker = process(&database, layers.one()).await;
    worker.liveops.start_worker();
    let id = web.liveops.enqueue(Steps {}, "ann").await.unwrap();
    web.reaches(id, OperationState::Started).await;
    web.liveops.cancel(id).await.unwrap();
    web.reaches(id, OperationState::Cancelled).await;
    assert_eq!(web.liveops.retry(id).await.unwrap(), RetryOutcome::Retried);
    web.reaches(id, OperationState::Started).await;

    // The notification of the first request arrives now, and then one for another operation.
    let last = web.liveops.enqueue(Steps {}, "ann").await.unwrap();
    web.reaches(last, OperationState::Started).await;
    for (id, attempt) in [(id, Attempt(1)), (last, Attempt(1))] {
        let cancel = WorkerNotification::Cancel { id, attempt };
        web.liveops.channel_layer().announce(&ChannelName::workers(), cancel.into()).await.unwrap();
    }
    web.reaches(last, OperationState::Cancelled).await;
    worker.gate.open(3);
    web.reaches(id, OperationState::FinishedOk).await;
}

async fn what_a_process_hands_back_when_it_stops_goes_on_at_once_in_another(layers: impl Layers) {
    let database = SqliteFile::new();
    let web = process(&database, layers.one()).await;
    let first = process(&database, layers.one()).await;
    first.liveops.start_worker();
    let id = web.liveops.enqueue(Steps {}, "ann").await.unwrap();
    web.reaches(id, OperationState::Started).await;
    let second = process(&database, layers.one()).await;
    second.liveops.start_worker();
    second.gate.open(3);
    first.liveops.shutdown(Duration::ZERO).await;
    web.reaches(id, OperationState::FinishedOk).await;
    assert_eq!(web.liveops.find(id).await.unwrap().unwrap().rescues, 0);
}
