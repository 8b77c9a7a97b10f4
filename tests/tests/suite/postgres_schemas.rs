//! Two applications in two schemas of one PostgreSQL database.

use std::time::Duration;

use liveops::{
    Attempt, ChannelName, OperationId, UserId,
    channel::{
        ChannelLayer, Delivery, Fragment, ListChange, Notice, OpenedBy, Payload,
        PostgresChannelLayer, Region, RowProgress, Subscription, WorkerNotification,
    },
    store::{self, Migrator},
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::time::timeout;
use url::Url;

use crate::support::postgres::PostgresDatabase;

/// Far longer than anything takes on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A connection of the application in this schema, which it creates.
async fn application(database: &PostgresDatabase, schema: &str) -> DatabaseConnection {
    let create = format!("CREATE SCHEMA {schema}");
    let db = store::connect(&database.url()).await.unwrap();
    db.execute_unprepared(&create).await.unwrap();
    let mut url = Url::parse(&database.url()).unwrap();
    url.query_pairs_mut().append_pair("options[search_path]", schema);
    let db = store::connect(url.as_str()).await.unwrap();
    store::migrate::<Migrator>(&db).await.unwrap();
    db
}

async fn next(subscription: &mut Subscription) -> Delivery {
    let next = timeout(TIMEOUT, subscription.next()).await;
    next.expect("something is delivered").expect("the subscription goes on").unwrap()
}

#[tokio::test]
async fn applications_in_two_schemas_do_not_receive_each_others_notifications() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let first = application(&database, "tenant_1").await;
    let second = application(&database, "tenant_2").await;
    let here = PostgresChannelLayer::new(&first).unwrap();
    let there = PostgresChannelLayer::new(&second).unwrap();

    let id = OperationId::new();
    // Both have a user with this ID.
    let ann = UserId::from("7".to_owned());
    let secret = Notice::List(ListChange::Progress(RowProgress {
        id,
        op_type: "test.steps".into(),
        owner: None,
        html: "secret".into(),
    }));
    let own = Notice::List(ListChange::Rows);
    for channel in [
        ChannelName::owner(&ann),
        ChannelName::owner(&UserId::from("7".repeat(70))),
        ChannelName::all(),
    ] {
        let mut subscription = there.subscribe(&channel).await.unwrap();
        here.announce(&channel, secret.clone()).await.unwrap();
        // Notifications arrive in the order of their commits.
        there.announce(&channel, own.clone()).await.unwrap();
        let heard = next(&mut subscription).await;
        assert!(matches!(&heard, Delivery::Notice(notice) if *notice == own), "{heard:?}");
    }

    let workers = ChannelName::workers();
    let mut subscription = there.subscribe(&workers).await.unwrap();
    let cancel = WorkerNotification::Cancel { id, attempt: Attempt(1) };
    here.announce(&workers, Notice::Worker(cancel)).await.unwrap();
    there.announce(&workers, Notice::Worker(WorkerNotification::Work)).await.unwrap();
    let heard = next(&mut subscription).await;
    assert!(
        matches!(heard, Delivery::Notice(Notice::Worker(WorkerNotification::Work))),
        "{heard:?}"
    );

    // A copied database has operations with the same IDs.
    let channel = ChannelName::operation(id);
    let mut subscription = there.subscribe(&channel).await.unwrap();
    let status = |text: &str| vec![Fragment::replace(Region::Status, text)];
    here.open(&channel, Attempt(1), OpenedBy::Run, status("secret")).await.unwrap();
    let cursor = there.open(&channel, Attempt(1), OpenedBy::Run, status("own")).await.unwrap();
    let Delivery::Frame(frame) = next(&mut subscription).await else { panic!("no frame") };
    assert_eq!((frame.cursor, &frame.payload), (cursor, &Payload::Fragments(status("own"))));
}
