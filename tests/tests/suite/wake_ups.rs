//! What an application that delivers wake-ups by itself is given to deliver, and what it does with
//! what it gets.

use std::{
    future,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::FutureExt;
use liveops::{
    Config, LiveOperation, OperationId, OperationState, RunnerKind,
    operation::NewOperation,
    runner::{RetryOutcome, WakeUp, WakeUpError, WakeUpSender},
};
use sea_orm::TransactionTrait;
use tokio::sync::Notify;

use crate::support::{
    app::{ChainStart, Greeting, Steps, TestApp},
    sqlite::SqliteFile,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// Keeps what it is given to deliver.
#[derive(Debug, Clone, Default)]
struct Kept {
    wake_ups: Arc<Mutex<Vec<WakeUp>>>,
    more: Arc<Notify>,
}

#[async_trait]
impl WakeUpSender for Kept {
    async fn send(&self, wake_ups: Vec<WakeUp>) -> Result<(), WakeUpError> {
        self.wake_ups.lock().unwrap().extend(wake_ups);
        self.more.notify_one();
        Ok(())
    }
}

impl Kept {
    /// Takes so many of them, waiting until they are there.
    async fn take(&self, count: usize) -> Vec<WakeUp> {
        let enough = async {
            loop {
                if let Some(wake_ups) = self.try_take(count) {
                    return wake_ups;
                }
                self.more.notified().await;
            }
        };
        let enough = tokio::time::timeout(Duration::from_secs(30), enough).await;
        enough.unwrap_or_else(|_| panic!("{:?}, not {count}", self.wake_ups))
    }

    fn try_take(&self, count: usize) -> Option<Vec<WakeUp>> {
        let mut wake_ups = self.wake_ups.lock().unwrap();
        (wake_ups.len() >= count).then(|| wake_ups.drain(..count).collect())
    }

    /// What there is when nothing is on its way any more.
    async fn all(&self, app: &TestApp) -> Vec<WakeUp> {
        app.liveops.shutdown(Duration::ZERO).await;
        self.wake_ups.lock().unwrap().clone()
    }
}

fn hourly() -> Config {
    let mut config = Config::default();
    (config.poll_interval, config.lease) = (HOUR, HOUR);
    config
}

async fn process(database: &SqliteFile, wake_ups: impl WakeUpSender) -> TestApp {
    let change = |app: liveops::runner::Builder<_>| {
        app.runner(RunnerKind::Worker).wake_ups(wake_ups).config(hourly())
    };
    TestApp::on(&database.url(), change).await
}

fn greeting() -> Greeting {
    Greeting { name: "Ann".into() }
}

fn wake_up(id: OperationId, queue: &str) -> WakeUp {
    let mut wake_up = WakeUp::default();
    (wake_up.id, wake_up.queue) = (Some(id), Some(queue.to_owned()));
    wake_up
}

#[tokio::test]
async fn whoever_enqueues_names_the_operation_and_its_queue() {
    let (database, kept) = (SqliteFile::new(), Kept::default());
    let app = process(&database, kept.clone()).await;
    let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
    assert_eq!(kept.take(1).await, [wake_up(id, "default")]);

    let mut new = NewOperation::new(&greeting(), "ann").unwrap();
    new.queue = "mail".into();
    let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
    assert_eq!(kept.take(1).await, [wake_up(id, "mail")]);
    assert_eq!(kept.all(&app).await, []);
}

#[tokio::test]
async fn a_commit_wakes_once_for_each_operation_in_it() {
    let (database, kept) = (SqliteFile::new(), Kept::default());
    let app = process(&database, kept.clone()).await;
    let txn = app.db.begin().await.unwrap();
    let first = app.liveops.enqueue_in(&txn, greeting(), "ann").await.unwrap();
    let mut new = NewOperation::new(&greeting(), "bob").unwrap();
    new.queue = "mail".into();
    let second = app.liveops.enqueue_new_in(&txn, new).await.unwrap().operation_id();
    assert!(kept.wake_ups.lock().unwrap().is_empty());
    app.liveops.commit(txn).await.unwrap();
    assert_eq!(kept.take(2).await, [wake_up(first, "default"), wake_up(second, "mail")]);

    // What another process enqueued is committed by somebody else: it may be anything.
    app.liveops.wake().await;
    assert_eq!(kept.take(1).await, [WakeUp::default()]);
    assert_eq!(kept.all(&app).await, []);
}

#[tokio::test]
async fn whatever_puts_an_operation_into_the_queue_wakes_somebody() {
    let (database, kept) = (SqliteFile::new(), Kept::default());
    let app = process(&database, kept.clone()).await;
    app.liveops.start_worker();
    let start = app.liveops.enqueue(ChainStart { name: "Ann".into() }, "ann").await.unwrap();
    assert_eq!(kept.take(1).await, [wake_up(start, "default")]);
    app.gate.open(1);
    let next = kept.take(1).await.remove(0).id.unwrap();
    assert_eq!(app.liveops.find(next).await.unwrap().unwrap().op_type, Greeting::OP_TYPE);

    app.ends(next).await;
    let restarted = app.liveops.retry(next).await.unwrap();
    assert_eq!(restarted, RetryOutcome::Retried);
    // The other is for what `on_retry` may have enqueued.
    assert_eq!(kept.take(2).await, [wake_up(next, "default"), WakeUp::default()]);

    let steps = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    assert_eq!(kept.take(1).await, [wake_up(steps, "default")]);
    app.reaches(steps, OperationState::Started).await;
    // The process stops, and hands the run back.
    assert_eq!(kept.all(&app).await, [wake_up(steps, "default")]);
    assert_eq!(app.liveops.find(steps).await.unwrap().unwrap().state(), OperationState::NotStarted);
}

#[tokio::test]
async fn whoever_looks_tells_nobody() {
    let (database, kept) = (SqliteFile::new(), Kept::default());
    let app = process(&database, kept.clone()).await;
    let web = process(&database, Kept::default()).await;
    for _ in 0..3 {
        web.liveops.enqueue(greeting(), "ann").await.unwrap();
        assert!(app.liveops.poll_now().await);
    }
    assert_eq!(kept.all(&app).await, []);
}

#[tokio::test]
async fn what_waited_is_taken_once_a_process_has_looked() {
    let database = SqliteFile::new();
    let (web, app) =
        (process(&database, Kept::default()).await, process(&database, Kept::default()).await);
    assert!(app.liveops.poll_now().await);
    for _ in 0..20 {
        let id = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        assert!(app.liveops.poll_now().await);
        let state = app.liveops.find(id).await.unwrap().unwrap().state();
        assert_ne!(state, OperationState::NotStarted);
    }
}

#[tokio::test]
async fn a_process_without_a_place_looks_when_it_has_one() {
    let database = SqliteFile::new();
    let web = process(&database, Kept::default()).await;
    let app = TestApp::on(&database.url(), |app| {
        let mut config = hourly();
        config.concurrency_max = 1;
        app.runner(RunnerKind::Worker).config(config)
    })
    .await;
    assert!(app.liveops.wait_for_capacity().await);
    let steps = web.liveops.enqueue(Steps {}, "ann").await.unwrap();
    assert!(app.liveops.poll_now().await);
    let greeting = web.liveops.enqueue(greeting(), "ann").await.unwrap();
    let (mut looked, mut wait_for_capacity) =
        (Box::pin(app.liveops.poll_now()), Box::pin(app.liveops.wait_for_capacity()));
    assert!(looked.as_mut().now_or_never().is_none());
    assert!(wait_for_capacity.as_mut().now_or_never().is_none());

    app.gate.open(3);
    assert!(looked.await);
    app.ends(steps).await;
    app.ends(greeting).await;
    assert!(wait_for_capacity.await);
}

#[tokio::test]
async fn a_process_that_is_shut_down_neither_looks_nor_has_a_place() {
    let database = SqliteFile::new();
    let app = process(&database, Kept::default()).await;
    let steps = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    assert!(app.liveops.poll_now().await);
    app.reaches(steps, OperationState::Started).await;
    app.liveops.shutdown(Duration::ZERO).await;
    assert!(!app.liveops.poll_now().await);
    assert!(!app.liveops.wait_for_capacity().await);
}

/// Never gets anything delivered, and never says so.
#[derive(Debug)]
struct Hangs;

#[async_trait]
impl WakeUpSender for Hangs {
    async fn send(&self, _: Vec<WakeUp>) -> Result<(), WakeUpError> {
        future::pending().await
    }
}

/// Says each time that nothing was delivered.
#[derive(Debug)]
struct Fails;

#[async_trait]
impl WakeUpSender for Fails {
    async fn send(&self, _: Vec<WakeUp>) -> Result<(), WakeUpError> {
        Err(WakeUpError::new("the queue is away"))
    }
}

#[tokio::test]
async fn whoever_enqueues_waits_for_nobody_who_delivers() {
    let database = SqliteFile::new();
    let (hangs, fails) = (process(&database, Hangs).await, process(&database, Fails).await);
    for app in [hangs, fails] {
        // One that waited would do so for seconds, each time.
        let mut last = None;
        let enqueue = async {
            for _ in 0..50 {
                last = Some(app.liveops.enqueue(greeting(), "ann").await.unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(30), enqueue).await.unwrap();
        app.liveops.start_worker();
        app.ends(last.unwrap()).await;
    }
}
