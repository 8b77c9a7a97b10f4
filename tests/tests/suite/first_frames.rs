//! The first frame of a client while the database is busy.

use sea_orm::TransactionTrait;

use crate::support::{
    numbers::{Numbers, number},
    served::{Served, is_subscribed, until},
};

/// The database in memory has one connection.
#[tokio::test]
async fn the_state_of_a_run_is_shown_without_the_database() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Numbers { count: 9 }, "ann").await.unwrap();
    let mut early = served.connect().await;
    served.follow(&mut early, id, None).await;
    served.app.gate.open(1);
    early.next_matching("the first number", |message| number(message) == Some(0)).await;

    let only_connection = served.app.db.begin().await.unwrap();
    let mut late = served.connect().await;
    served.follow(&mut late, id, None).await;
    let messages = until(&mut late, is_subscribed).await;
    assert!(messages.iter().any(|message| number(message) == Some(0)), "{messages:?}");
    served.app.gate.open(1);
    late.next_matching("the next number", |message| number(message) == Some(1)).await;
    only_connection.rollback().await.unwrap();
}
