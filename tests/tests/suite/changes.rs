//! The stream of the changes of operations.

use std::time::Duration;

use chrono::Utc;
use futures_util::{FutureExt, StreamExt, stream::BoxStream};
use liveops::{
    OperationId, OperationState, RunnerKind,
    channel::{Lagged, ListChange, MemoryChannelLayer, RowChange},
    operation::NewOperation,
    runner::RetryOutcome,
    store::ListFilter,
};
use sea_orm::TransactionTrait;
use tokio::time::timeout;

use crate::support::{
    app::{Greeting, Nothing, Steps, TestApp},
    database::on_every_database,
};

type Changes = BoxStream<'static, Result<RowChange, Lagged>>;

async fn next(changes: &mut Changes) -> (OperationId, OperationState) {
    let change = timeout(Duration::from_secs(30), changes.next()).await.expect("there is a change");
    let change = change.expect("the stream goes on").expect("nothing is lost");
    (change.id, change.state)
}

fn greeting() -> Greeting {
    Greeting { name: "Ann".into() }
}

fn in_an_hour(owner: &str) -> NewOperation {
    let mut new = NewOperation::new(&greeting(), owner).unwrap();
    new.run_after = Some(Utc::now() + Duration::from_secs(3_600));
    new
}

on_every_database! {
    async fn each_change_of_state_is_one_item(db: TestDatabase) {
        use OperationState::{Cancelled, FinishedOk, NotStarted, Started};

        let app = TestApp::on(&db.url(), |builder| builder).await;
        let mut changes = app.liveops.subscribe(ListFilter::new()).await.unwrap();
        let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        assert_eq!(next(&mut changes).await, (id, NotStarted));
        assert_eq!(next(&mut changes).await, (id, Started));
        app.gate.open(3);
        assert_eq!(next(&mut changes).await, (id, FinishedOk));
        assert_eq!(app.liveops.retry(id).await.unwrap(), RetryOutcome::Retried);
        assert_eq!(next(&mut changes).await, (id, NotStarted));
        assert_eq!(next(&mut changes).await, (id, Started));
        app.liveops.cancel(id).await.unwrap();
        assert_eq!(next(&mut changes).await, (id, Cancelled));
        assert!(changes.next().now_or_never().is_none());
    }

    async fn a_transaction_is_an_item_for_an_operation_and_a_loss_for_several(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder.runner(RunnerKind::Worker)).await;
        let mut changes = app.liveops.subscribe(ListFilter::new()).await.unwrap();
        let txn = app.db.begin().await.unwrap();
        let id = app.liveops.enqueue_in(&txn, greeting(), "ann").await.unwrap();
        for _ in 0..2 {
            app.liveops.enqueue_in(&txn, greeting(), "bob").await.unwrap();
        }
        assert!(changes.next().now_or_never().is_none());
        app.liveops.commit(txn).await.unwrap();
        assert_eq!(next(&mut changes).await, (id, OperationState::NotStarted));
        assert_eq!(changes.next().await, Some(Err(Lagged)));
        assert!(changes.next().now_or_never().is_none());
    }
}

#[tokio::test]
async fn a_filter_selects_the_items() {
    let app = TestApp::with(|builder| builder.runner(RunnerKind::Worker)).await;
    let early = app.liveops.enqueue_new(in_an_hour("ann")).await.unwrap().operation_id();
    let subscribe = async |filter| app.liveops.subscribe(filter).await.unwrap();
    let all = ListFilter::new;
    let mut anns = subscribe(all().with_owner("ann")).await;
    let mut nothings = subscribe(all().with_op_type("test.nothing")).await;
    let mut ends = subscribe(all().with_state(OperationState::Cancelled)).await;
    let mut old = subscribe(all().with_made_before(Utc::now() - chrono::TimeDelta::hours(1))).await;
    let mut before = subscribe(all().with_before(early)).await;
    let bobs = app.liveops.enqueue_new(in_an_hour("bob")).await.unwrap().operation_id();
    let nothing = app.liveops.enqueue(Nothing, "ann").await.unwrap();
    app.liveops.cancel(bobs).await.unwrap();
    assert_eq!(next(&mut anns).await, (nothing, OperationState::NotStarted));
    assert_eq!(next(&mut nothings).await, (nothing, OperationState::NotStarted));
    assert_eq!(next(&mut ends).await, (bobs, OperationState::Cancelled));
    for mut none in [anns, nothings, ends, old.by_ref().boxed(), before.by_ref().boxed()] {
        assert!(none.next().now_or_never().is_none());
    }
}

#[tokio::test]
async fn a_change_in_another_process_is_an_item_here() {
    let layer = MemoryChannelLayer::new();
    let of_both = layer.clone();
    let app =
        TestApp::with(|builder| builder.runner(RunnerKind::Worker).channel_layer(of_both)).await;
    let elsewhere = app.elsewhere(|builder| builder.channel_layer(layer));
    let mut changes = app.liveops.subscribe(ListFilter::new()).await.unwrap();
    let id = elsewhere.enqueue_new(in_an_hour("ann")).await.unwrap().operation_id();
    elsewhere.cancel(id).await.unwrap();
    assert_eq!(next(&mut changes).await, (id, OperationState::NotStarted));
    assert_eq!(next(&mut changes).await, (id, OperationState::Cancelled));
}

#[tokio::test]
async fn a_reader_that_is_too_slow_learns_of_the_loss_and_goes_on() {
    let app = TestApp::with(|builder| builder.runner(RunnerKind::Worker)).await;
    let mut changes = app.liveops.subscribe(ListFilter::new()).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..300 {
        ids.push(app.liveops.enqueue_new(in_an_hour("ann")).await.unwrap().operation_id());
    }
    assert_eq!(changes.next().await, Some(Err(Lagged)));
    for id in &ids[300 - 256..] {
        assert_eq!(next(&mut changes).await, (*id, OperationState::NotStarted));
    }
    assert!(changes.next().now_or_never().is_none());
}

/// What a process of an earlier version announces.
#[tokio::test]
async fn a_change_without_an_operation_is_a_loss() {
    let app = TestApp::spawn().await;
    let mut changes = app.liveops.subscribe(ListFilter::new()).await.unwrap();
    let list = liveops::ChannelName::all();
    app.liveops.channel_layer().announce(&list, ListChange::Rows.into()).await.unwrap();
    assert_eq!(changes.next().await, Some(Err(Lagged)));
}

#[tokio::test]
async fn an_operation_has_a_title_with_its_description() {
    let app = TestApp::with(|builder| builder.runner(RunnerKind::Worker)).await;
    let mut new = in_an_hour("ann");
    let plain = app.liveops.enqueue_new(new.clone()).await.unwrap();
    assert_eq!(app.liveops.title_of(plain.row()), "Greeting");
    (new.id, new.description) = (OperationId::new(), Some("For Ann".into()));
    let described = app.liveops.enqueue_new(new).await.unwrap();
    assert_eq!(app.liveops.title_of(described.row()), "For Ann – Greeting");
}
