//! What is particular to channels in PostgreSQL; what every channel layer does is in `channel_layer`.

use std::{collections::BTreeMap, time::Duration};

use liveops::{
    Attempt, ChannelName, Config, OperationId, OperationState, UserId,
    channel::{
        CatchUp, ChannelLayer, Cursor, Delivery, Finished, Fragment, Lagged, ListChange, Notice,
        OpenedBy, Payload, PostgresChannelLayer, PublishError, Region, RetainedState, RowProgress,
        Signal, Subscription, WorkerNotification,
    },
    store::{self, Migrator},
};
use proptest::{prelude::*, test_runner::TestRunner};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_migration::MigratorTrait;
use tokio::time::timeout;
use url::Url;

use crate::{
    cluster::Cluster,
    support::{
        app::Steps,
        need::need,
        postgres::PostgresDatabase,
        postgres_layers::PostgresLayers,
        proxy::Proxy,
        served::{Served, html, is_subscribed},
        sql::value,
        until::until,
    },
};

/// Far longer than anything takes on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(60);

const FIRST: Attempt = Attempt(1);

fn channel() -> ChannelName {
    ChannelName::operation(OperationId::new())
}

fn status(text: &str) -> Payload {
    Payload::Fragments(vec![Fragment::replace(Region::Status, text)])
}

fn opening() -> Vec<Fragment> {
    vec![Fragment::replace(Region::Status, "begun"), Fragment::replace(Region::Log, "")]
}

fn finished() -> Payload {
    Payload::Signal(Signal::Finished(Finished {
        id: OperationId::new(),
        state: OperationState::FinishedOk,
        url: "/live/".to_owned(),
        success_url: None,
    }))
}

async fn next(subscription: &mut Subscription) -> Result<Delivery, Lagged> {
    let next = timeout(TIMEOUT, subscription.next()).await;
    next.expect("something is delivered").expect("the subscription goes on")
}

async fn next_frame(subscription: &mut Subscription) -> (Cursor, Payload) {
    match next(subscription).await {
        Ok(Delivery::Frame(frame)) => (frame.cursor, frame.payload.clone()),
        other => panic!("expected a frame, found {other:?}"),
    }
}

/// Passes over frames that were on their way.
async fn hears_of_a_loss(subscription: &mut Subscription) {
    while next(subscription).await.is_ok() {}
}

async fn rows(db: &DatabaseConnection) -> i64 {
    let tables = ["channel", "channel_region", "channel_addition", "channel_signal"];
    let counts = tables.map(|table| format!("(SELECT count(*) FROM liveops_{table})"));
    value::<i64>(db, &format!("SELECT {}", counts.join(" + "))).await
}

/// Any history, and every place in it: what is told to a client is what the pure fold says.
#[tokio::test]
async fn catching_up_gives_what_the_fold_gives() {
    let Some(database) = PostgresLayers::create().await else { return };
    let layer = database.layer();
    let runtime = tokio::runtime::Handle::current();
    let comparing = tokio::task::spawn_blocking(move || {
        let histories = prop::collection::vec(payload(), 1..25);
        TestRunner::default().run(&histories, |history| {
            runtime.block_on(compare(&layer, &history));
            Ok(())
        })
    });
    comparing.await.unwrap().unwrap();
}

async fn compare(layer: &PostgresChannelLayer, history: &[Payload]) {
    let channel = channel();
    let begun = layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let mut fold = RetainedState::open(begun.epoch, &opening());
    for payload in history {
        let cursor = layer.publish(&channel, FIRST, payload.clone()).await.unwrap();
        assert_eq!(cursor, fold.push(payload));
    }
    let places = (0..=fold.cursor().seq + 1).map(|seq| Some(Cursor { seq, ..begun }));
    for since in places.chain([None]) {
        let told = layer.catch_up(&channel, since).await.unwrap();
        assert_eq!(told, Some(fold.catch_up(since)), "since {since:?}");
    }
}

fn payload() -> impl Strategy<Value = Payload> {
    let region = || {
        prop_oneof![
            Just(Region::Status),
            Just(Region::Log),
            Just("preview".parse::<Region>().unwrap()),
        ]
    };
    let text = || prop_oneof![6 => "[a-zä\0\"\\\\🦀]{0,4}", 1 => (300_000_usize..600_000).prop_map(|n| "x".repeat(n))];
    let fragment = prop_oneof![
        1 => (region(), text()).prop_map(|(region, html)| Fragment::replace(region, html)),
        3 => (region(), 0_u32..600, text())
            .prop_map(|(region, items, html)| Fragment::append(region, items, html)),
    ];
    prop_oneof![
        9 => prop::collection::vec(fragment, 0..5).prop_map(Payload::Fragments),
        1 => Just(finished()),
    ]
}

#[tokio::test]
async fn frames_too_large_for_a_notification_arrive_in_order() {
    let Some(database) = PostgresLayers::create().await else { return };
    let layer = database.layer();
    let channel = channel();
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    let large = "<b>ä\0€</b>".repeat(50_000);
    let opening = vec![Fragment::replace(Region::Status, large.as_str())];
    layer.open(&channel, FIRST, OpenedBy::Run, opening.clone()).await.unwrap();
    let texts = ["small".to_owned(), large.clone(), "small again".to_owned(), "x".repeat(7_850)];
    for text in &texts {
        layer.publish(&channel, FIRST, status(text)).await.unwrap();
    }
    let (cursor, payload) = next_frame(&mut subscription).await;
    assert_eq!((cursor.seq, payload), (1, Payload::Fragments(opening)));
    for (text, seq) in texts.iter().zip(2..) {
        let (cursor, payload) = next_frame(&mut subscription).await;
        assert_eq!((cursor.seq, payload), (seq, status(text)));
    }
}

#[tokio::test]
async fn lists_and_workers_hear_what_is_announced() {
    let Some(database) = PostgresLayers::create().await else { return };
    let (here, there) = (database.layer(), database.layer());
    // Quoted, longer than an identifier may be, and with what no text of PostgreSQL has.
    for owner in ["ann".to_owned(), "o\"; UNLISTEN *; \"".into(), "ä".repeat(200), "\0".into()] {
        let list = ChannelName::owner(&UserId::from(owner.as_str()));
        let mut subscription = there.subscribe(&list).await.unwrap();
        let progress = RowProgress {
            id: OperationId::new(),
            op_type: "test.steps".into(),
            owner: None,
            html: owner.repeat(5_000).into(),
        };
        for change in [ListChange::Rows, ListChange::Progress(progress)] {
            here.announce(&list, change.clone().into()).await.unwrap();
            let heard = next(&mut subscription).await;
            let Ok(Delivery::Notice(Notice::List(heard))) = heard else { panic!("{heard:?}") };
            assert_eq!(heard, change);
        }
    }
    let mut subscription = there.subscribe(&ChannelName::workers()).await.unwrap();
    let hint = WorkerNotification::Cancel { id: OperationId::new(), attempt: Attempt(1) };
    here.announce(&ChannelName::workers(), hint.into()).await.unwrap();
    let heard = next(&mut subscription).await;
    assert!(
        matches!(heard, Ok(Delivery::Notice(Notice::Worker(found))) if found == hint),
        "{heard:?}"
    );
}

#[tokio::test]
async fn processes_share_one_sequence_and_see_it_in_order() {
    let Some(database) = PostgresLayers::create().await else { return };
    let layers = [database.layer(), database.layer()];
    let channel = channel();
    let mut subscriptions = Vec::new();
    for layer in &layers {
        subscriptions.push(layer.subscribe(&channel).await.unwrap());
    }
    layers[0].open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let publishers = layers.clone().map(|layer| {
        let channel = channel.clone();
        tokio::spawn(async move {
            for _ in 0..50 {
                layer.publish(&channel, FIRST, status("x")).await.unwrap();
            }
        })
    });
    for publisher in publishers {
        publisher.await.unwrap();
    }
    for subscription in &mut subscriptions {
        for seq in 1..=101 {
            assert_eq!(next_frame(subscription).await.0.seq, seq);
        }
    }
}

#[tokio::test]
async fn a_listener_that_was_killed_tells_its_subscribers_and_goes_on() {
    let Some(database) = PostgresLayers::create().await else { return };
    let layer = database.layer();
    let channel = channel();
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    next_frame(&mut subscription).await;
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE application_name = 'liveops listener' AND datname = current_database()";
    assert_eq!(value::<i64>(&database.db, kill).await, 1);

    hears_of_a_loss(&mut subscription).await;
    layer.publish(&channel, FIRST, status("later")).await.unwrap();
    assert_eq!(next_frame(&mut subscription).await.1, status("later"));
}

#[tokio::test]
async fn a_server_that_does_not_answer_holds_nobody_up() {
    let Some(database) = PostgresLayers::create().await else { return };
    let mut url = Url::parse(&database.url()).unwrap();
    let address = (url.host_str().unwrap(), url.port().unwrap_or(5_432));
    let server = tokio::net::lookup_host(address).await.unwrap().next().unwrap();
    let proxy = Proxy::start(server).await;
    let proxied = Url::parse(&proxy.url("/")).unwrap();
    url.set_host(proxied.host_str()).unwrap();
    url.set_port(proxied.port()).unwrap();
    let layer = PostgresChannelLayer::new(&store::connect(url.as_str()).await.unwrap()).unwrap();

    let channel = channel();
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    next_frame(&mut subscription).await;

    proxy.swallow();
    let unanswered = layer.publish(&channel, FIRST, status("lost"));
    let refused = timeout(TIMEOUT, unanswered).await.expect("publishing ends in time");
    assert!(matches!(refused, Err(PublishError::Backend(_))), "{refused:?}");
    let unanswered = timeout(TIMEOUT, layer.catch_up(&channel, None)).await;
    assert!(unanswered.expect("catching up ends in time").is_err());

    // Without a word about the connections there were: a process finds out by itself.
    proxy.has_hung_up(1).await;
    proxy.forward();
    hears_of_a_loss(&mut subscription).await;
    let elsewhere = database.layer();
    elsewhere.publish(&channel, FIRST, status("later")).await.unwrap();
    assert_eq!(next_frame(&mut subscription).await.1, status("later"));
    layer.publish(&channel, FIRST, status("from here")).await.unwrap();
    assert_eq!(next_frame(&mut subscription).await.1, status("from here"));
}

/// A crash empties unlogged tables.
#[tokio::test]
async fn a_server_that_crashed_is_published_to_anew_and_pages_end_at_the_truth() {
    if need("PostgreSQL", "LIVEOPS_TEST_POSTGRES_URL").is_none() {
        return;
    }
    // The migration, which it says it committed, has to be there after a crash.
    let server = Cluster::start("-c synchronous_commit=on").unwrap();
    let db = store::connect(&server.url()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    let layer = PostgresChannelLayer::new(&db).unwrap();
    let served = Served::with(Config::default(), layer.clone()).await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the first stage", |m| html(m).contains("entered Load")).await;
    let channel = ChannelName::operation(id);
    let before = layer.catch_up(&channel, None).await.unwrap().unwrap();

    server.stop("immediate").unwrap();
    server.run().unwrap();
    until("the server answers", async || layer.catch_up(&channel, None).await.is_ok()).await;
    let found = layer.catch_up(&channel, None).await.unwrap();
    let is_another = |found: CatchUp| found.cursor.epoch != before.cursor.epoch;
    assert!(found.is_none_or(is_another), "the tables were empty");
    // Frames come again: whoever listens to nothing would only find out by asking.
    until("the listener is back", async || {
        let listeners = "SELECT count(*) FROM pg_stat_activity \
                         WHERE application_name = 'liveops listener' AND state = 'idle'";
        value::<i64>(&db, listeners).await == 1
    })
    .await;

    served.app.gate.open(1);
    socket.next_matching("the second stage", |m| html(m).contains("in Process")).await;
    let after = layer.catch_up(&channel, None).await.unwrap().unwrap();
    assert_ne!(after.cursor.epoch, before.cursor.epoch);
    served.app.gate.open(2);
    let end = socket.next_matching("the end", |m| m["liveop_finished"].is_object()).await;
    assert_eq!(end["liveop_finished"]["state"], "FINISHED_OK");

    let mut late = served.connect().await;
    served.follow(&mut late, id, None).await;
    late.next_matching("the whole log", |m| html(m).contains("entered Load")).await;
    late.next_matching("the subscription", is_subscribed).await;
}

#[tokio::test]
async fn what_ended_long_ago_is_forgotten() {
    let Some(database) = PostgresLayers::create().await else { return };
    let layer = database.layer().with_retention(Duration::ZERO);
    let (running, ended) = (channel(), channel());
    let log = || Payload::Fragments(vec![Fragment::append(Region::Log, 1, "a")]);
    layer.open(&running, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let opened = rows(&database.db).await;
    layer.publish(&running, FIRST, log()).await.unwrap();
    let kept = rows(&database.db).await;

    layer.open(&ended, FIRST, OpenedBy::Run, opening()).await.unwrap();
    layer.publish(&ended, FIRST, log()).await.unwrap();
    layer.publish(&ended, FIRST, status("done")).await.unwrap();
    // From here on it may be forgotten at any time: whoever opens a channel sweeps, and beside it.
    let last = layer.publish(&ended, FIRST, finished()).await.unwrap();
    layer.open(&channel(), FIRST, OpenedBy::Run, opening()).await.unwrap();
    let is_forgotten = async || layer.catch_up(&ended, Some(last)).await.unwrap().is_none();
    until("it is forgotten", is_forgotten).await;
    assert_eq!(rows(&database.db).await, kept + opened, "nothing is left of it");
    assert!(layer.catch_up(&running, None).await.unwrap().is_some());
    let refused = layer.publish(&ended, FIRST, status("lost")).await;
    assert!(matches!(refused, Err(PublishError::NotOpen)), "{refused:?}");
}

#[tokio::test]
async fn what_fell_silent_is_forgotten_after_a_day() {
    let Some(database) = PostgresLayers::create().await else { return };
    let layer = database.layer().with_retention(Duration::ZERO);
    let (silent, speaking) = (channel(), channel());
    for channel in [&silent, &speaking] {
        layer.open(channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    }
    let set = async |channel: &ChannelName, values: &str| {
        let update = format!("UPDATE liveops_channel SET {values} WHERE name = '{channel}'");
        database.db.execute_unprepared(&update).await.unwrap();
    };
    // Whoever opens a channel sweeps, and beside it: what is to stay must be safe at any time.
    set(&speaking, "published_on = now() - interval '2 days'").await;
    layer.publish(&speaking, FIRST, status("still here")).await.unwrap();
    set(&speaking, "keep_until = now() - interval '1 day'").await;
    let day = "interval '1 day'";
    set(&silent, &format!("published_on = now() - 2 * {day}, keep_until = now() - {day}")).await;
    layer.open(&channel(), FIRST, OpenedBy::Run, opening()).await.unwrap();
    let is_forgotten = async || layer.catch_up(&silent, None).await.unwrap().is_none();
    until("it is forgotten", is_forgotten).await;
    assert!(layer.catch_up(&speaking, None).await.unwrap().is_some());
}

#[tokio::test]
async fn nothing_is_left_of_a_history_that_was_replaced() {
    let Some(database) = PostgresLayers::create().await else { return };
    let layer = database.layer();
    let channel = channel();
    for attempt in 1..4 {
        layer.open(&channel, Attempt(attempt), OpenedBy::Run, opening()).await.unwrap();
        let log = Payload::Fragments(vec![Fragment::append(Region::Log, 1, "a")]);
        layer.publish(&channel, Attempt(attempt), log).await.unwrap();
        layer.publish(&channel, Attempt(attempt), finished()).await.unwrap();
        assert_eq!(rows(&database.db).await, 5);
    }
}

/// What changes with every frame is found in the place of what it replaced.
#[tokio::test]
async fn tables_stay_small_under_many_frames() {
    // Sessions of other tests keep the server from reusing space for a moment. Without any reuse, the regions
    // would need more than a megabyte.
    const BYTES_MAX: i64 = 512 << 10;
    let Some(database) = PostgresLayers::create().await else { return };
    let layer = database.layer();
    let channel = channel();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    for n in 0..3_000 {
        let changes = vec![
            Fragment::replace(Region::Status, format!("<b>line {n}</b>").repeat(10)),
            Fragment::replace(Region::Progress, format!("<progress value={n}></progress>")),
        ];
        layer.publish(&channel, FIRST, Payload::Fragments(changes)).await.unwrap();
    }
    let sizes: BTreeMap<&str, i64> = [
        ("channel", value::<i64>(&database.db, "SELECT pg_table_size('liveops_channel')").await),
        (
            "region",
            value::<i64>(&database.db, "SELECT pg_table_size('liveops_channel_region')").await,
        ),
        (
            "indexes",
            value::<i64>(&database.db, "SELECT pg_indexes_size('liveops_channel_region')").await,
        ),
    ]
    .into();
    assert!(sizes.values().all(|size| *size <= BYTES_MAX), "{sizes:?}");
}

#[tokio::test]
async fn a_channel_that_nobody_watches_is_given_up() {
    let Some(database) = PostgresLayers::create().await else { return };
    let layer = database.layer();
    let (left, kept) = (channel(), channel());
    let mut subscription = layer.subscribe(&kept).await.unwrap();
    drop(layer.subscribe(&left).await.unwrap());
    // The last thing that it asked the server for, until it asks again whether that is there.
    let given_up = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'liveops listener' AND query LIKE 'UNLISTEN \"%.{left}\"; SELECT 1'"
    );
    until("it is given up", async || value::<i64>(&database.db, &given_up).await == 1).await;
    for channel in [&left, &kept] {
        layer.open(channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    }
    assert_eq!(next_frame(&mut subscription).await.1, Payload::Fragments(opening()));
    // It can be watched again.
    let mut subscription = layer.subscribe(&left).await.unwrap();
    layer.publish(&left, FIRST, status("later")).await.unwrap();
    assert_eq!(next_frame(&mut subscription).await.1, status("later"));
}

#[tokio::test]
async fn subscriptions_end_with_the_layer() {
    let Some(database) = PostgresLayers::create().await else { return };
    let layer = database.layer();
    let mut subscription = layer.subscribe(&channel()).await.unwrap();
    drop(layer);
    let end = timeout(TIMEOUT, subscription.next()).await.expect("it ends");
    assert!(end.is_none(), "{end:?}");
}

#[tokio::test]
async fn a_database_without_the_tables_says_what_to_do() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let db = store::connect(&database.url()).await.unwrap();
    let layer = PostgresChannelLayer::new(&db).unwrap();
    let error = layer.catch_up(&channel(), None).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        source,
        "found no channel layer tables: run the liveops migrations on this database"
    );
    let refused = layer.open(&channel(), FIRST, OpenedBy::Run, opening()).await.unwrap_err();
    let PublishError::Backend(error) = refused else { panic!("{refused:?}") };
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), source);
    assert!(layer.ping().await.is_err(), "a process without the tables is not ready");
    Migrator::up(&db, None).await.unwrap();
    layer.ping().await.unwrap();
}

#[tokio::test]
async fn the_migration_takes_back_what_it_made() {
    let Some(database) = PostgresLayers::create().await else { return };
    let ours = "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'liveops_channel%') \
                + (SELECT count(*) FROM pg_proc WHERE proname LIKE 'liveops_channel%')";
    assert!(value::<i64>(&database.db, ours).await > 0);
    Migrator::down(&database.db, None).await.unwrap();
    assert_eq!(value::<i64>(&database.db, ours).await, 0);
    Migrator::up(&database.db, None).await.unwrap();
    let layer = database.layer();
    layer.open(&channel(), FIRST, OpenedBy::Run, opening()).await.unwrap();
}

#[tokio::test]
async fn another_database_is_refused() {
    let db = store::connect("sqlite::memory:").await.unwrap();
    let error = PostgresChannelLayer::new(&db).unwrap_err();
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "expected a connection to PostgreSQL, found one to another database"
    );
}
