//! An application lists and counts its operations, and reads their titles.

use chrono::{TimeDelta, Utc};
use liveops::{
    OperationId, OperationState, RunnerKind,
    operation::{ListSort, NewOperation},
    store::{ListFilter, Model, PageCursor},
};

use crate::support::{
    app::{Ending, Greeting, How, Nothing, Steps, TestApp},
    database::{TestDatabase, on_every_database},
};

async fn app_on(db: &TestDatabase) -> TestApp {
    TestApp::on(&db.url(), |builder| builder.runner(RunnerKind::Eager)).await
}

async fn greeting(app: &TestApp, owner: &str) -> OperationId {
    app.liveops.enqueue(Greeting { name: owner.to_owned() }, owner).await.unwrap()
}

/// An operation that waits.
async fn waiting(app: &TestApp, owner: &str) -> OperationId {
    let elsewhere = app.elsewhere(|builder| builder);
    elsewhere.enqueue(Steps {}, owner).await.unwrap()
}

/// The ids that a filter lets through, which are as many as are counted.
async fn listed(app: &TestApp, filter: &ListFilter) -> Vec<OperationId> {
    let rows = app.liveops.list(filter, 100).await.unwrap();
    assert_eq!(app.liveops.count(filter).await.unwrap(), rows.len() as u64, "{filter:?}");
    rows.iter().map(Model::operation_id).collect()
}

on_every_database! {
    async fn a_filter_lets_through_what_it_says(db: TestDatabase) {
        let app = app_on(&db).await;
        let ann = greeting(&app, "ann").await;
        let bob = greeting(&app, "bob").await;
        let failed = app.liveops.enqueue(Ending { how: How::UserError }, "ann").await.unwrap();
        let waits = waiting(&app, "ann").await;
        let filter = ListFilter::new;

        assert_eq!(listed(&app, &filter()).await, [waits, failed, bob, ann]);
        assert_eq!(listed(&app, &filter().with_owner("ann")).await, [waits, failed, ann]);
        assert_eq!(listed(&app, &filter().with_owner("carl")).await, []);
        assert_eq!(listed(&app, &filter().with_state(OperationState::FinishedOk)).await, [bob, ann]);
        assert_eq!(listed(&app, &filter().with_state(OperationState::NotStarted)).await, [waits]);
        assert_eq!(listed(&app, &filter().with_op_type("test.ending")).await, [failed]);
        assert_eq!(listed(&app, &filter().with_search("GREET")).await, [bob, ann]);
        assert_eq!(listed(&app, &filter().with_search(bob.to_string())).await, [bob]);
        assert_eq!(listed(&app, &filter().with_before(failed)).await, [bob, ann]);
        assert_eq!(listed(&app, &filter().with_owner("ann").with_before(waits)).await, [failed, ann]);
    }

    async fn a_filter_by_time_compares_when_operations_were_made(db: TestDatabase) {
        let app = app_on(&db).await;
        let day = Utc::now() - TimeDelta::days(1);
        let made = async |on: chrono::DateTime<Utc>| {
            let ms = u128::try_from(on.timestamp_millis()).unwrap();
            let mut new = NewOperation::new(&Nothing, "ann").unwrap();
            new.id = OperationId::from(uuid::Uuid::from_u128((ms << 80) | 7));
            app.liveops.enqueue_new(new).await.unwrap().operation_id()
        };
        let earlier = made(day - TimeDelta::milliseconds(1)).await;
        let then = made(day).await;
        assert_eq!(listed(&app, &ListFilter::new().with_made_since(day)).await, [then]);
        assert_eq!(listed(&app, &ListFilter::new().with_made_before(day)).await, [earlier]);
        let both = ListFilter::new().with_made_since(day).with_made_before(day);
        assert_eq!(listed(&app, &both).await, []);
    }

    async fn an_order_lists_and_counts_only_what_it_can_sort(db: TestDatabase) {
        let app = app_on(&db).await;
        let (first, second) = (greeting(&app, "ann").await, greeting(&app, "ann").await);
        let waits = waiting(&app, "ann").await;
        let sorted = |sort| ListFilter::new().with_sort(sort);
        assert_eq!(listed(&app, &sorted(ListSort::Newest)).await, [waits, second, first]);
        assert_eq!(listed(&app, &sorted(ListSort::Oldest)).await, [first, second, waits]);
        assert_eq!(listed(&app, &sorted(ListSort::LastFinished)).await, [second, first]);
        assert_eq!(listed(&app, &sorted(ListSort::LongestRunning)).await, []);
    }

    async fn cursors_lead_from_page_to_page_and_back(db: TestDatabase) {
        let app = app_on(&db).await;
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(greeting(&app, "ann").await);
        }
        for (sort, expected) in [
            (ListSort::Oldest, ids.clone()),
            (ListSort::LastFinished, ids.iter().rev().copied().collect()),
        ] {
            let page = async |cursor: PageCursor| {
                // As it goes into a URL and comes back.
                let cursor = cursor.to_string().parse().unwrap();
                let filter = ListFilter::new().with_sort(sort).with_cursor(cursor);
                assert_eq!(app.liveops.count(&filter).await.unwrap(), 5, "of all pages");
                app.liveops.list(&filter, 2).await.unwrap()
            };
            let id_of = |rows: &[Model]| -> Vec<_> {
                rows.iter().map(Model::operation_id).collect()
            };
            let first = page(PageCursor::START).await;
            assert_eq!(id_of(&first), expected[..2]);
            let second = page(PageCursor::after(sort, &first[1])).await;
            assert_eq!(id_of(&second), expected[2..4]);
            let third = page(PageCursor::after(sort, &second[1])).await;
            assert_eq!(id_of(&third), expected[4..]);
            assert_eq!(page(PageCursor::after(sort, &third[0])).await, []);
            assert_eq!(page(PageCursor::before(sort, &third[0])).await, second);
            assert_eq!(page(PageCursor::before(sort, &first[0])).await, []);
            assert_eq!(id_of(&page(PageCursor::END).await), expected[3..]);
        }
        let newest = app.liveops.list(&ListFilter::new(), 1).await.unwrap();
        let of_another_order = PageCursor::after(ListSort::LastFinished, &newest[0]);
        let filter = ListFilter::new().with_cursor(of_another_order);
        assert_eq!(app.liveops.list(&filter, 2).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_type_has_its_title_if_it_is_registered() {
    let app = TestApp::eager().await;
    let renderer = app.liveops.renderer();
    assert_eq!(
        app.liveops.title("test.chain_start", renderer.language()).as_deref(),
        Some("Chain start")
    );
    assert_eq!(app.liveops.title("test.unknown", renderer.language()), None);
}
