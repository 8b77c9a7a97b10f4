//! What every channel layer does: one suite, run against every backend.

use std::{collections::BTreeSet, sync::Arc};

use liveops::{
    Attempt, ChannelName, OperationId, OperationState, UserId,
    channel::{
        CatchUp, CatchUpAnswer, ChannelLayer, Cursor, Delivery, Epoch, Finished, Fragment, Frame,
        ListChange, MemoryChannelLayer, Notice, OpenedBy, Payload, PublishError, Region, Signal,
        Subscription,
    },
};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::support::{page::Page, postgres_layers::PostgresLayers, redis::RedisPrefix};

const FIRST: Attempt = Attempt(1);
const SECOND: Attempt = Attempt(2);

macro_rules! on_every_layer {
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
                    if let Some(database) = PostgresLayers::create().await {
                        super::$claim(database.layer()).await;
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
                        super::$claim(prefix.layer()).await;
                    }
                }
            )*
        }
    };
}

on_every_layer!(
    a_channel_must_be_opened_before_it_is_published_on,
    frames_are_numbered_without_a_gap,
    subscribers_get_every_frame_in_order,
    a_later_attempt_takes_the_channel_over,
    what_waits_is_shown_until_its_attempt_is_made,
    opening_again_begins_a_new_history,
    nothing_is_known_of_a_channel_that_was_never_opened,
    the_newest_place_is_up_to_date,
    a_known_place_gets_what_changed_since,
    any_other_place_gets_everything,
    a_place_in_a_history_that_was_replaced_gets_everything,
    signals_are_kept,
    a_long_log_keeps_its_end,
    a_place_before_what_is_kept_gets_everything,
    subscribing_before_catching_up_misses_nothing,
    concurrent_publishers_share_one_sequence,
    a_list_hears_that_it_changed,
    channels_do_not_hear_each_other,
    a_subscriber_that_fell_behind_is_told_and_goes_on,
    whatever_was_missed_is_caught_up,
    a_layer_that_works_answers,
);

fn channel() -> ChannelName {
    ChannelName::operation(OperationId::new())
}

fn status(text: &str) -> Payload {
    Payload::Fragments(vec![Fragment::replace(Region::Status, text)])
}

fn log(lines: u32, text: &str) -> Payload {
    Payload::Fragments(vec![Fragment::append(Region::Log, lines, text)])
}

fn opening() -> Vec<Fragment> {
    vec![Fragment::replace(Region::Status, "begun"), Fragment::replace(Region::Log, "")]
}

fn finished() -> Signal {
    Signal::Finished(Finished {
        id: OperationId::new(),
        state: OperationState::FinishedOk,
        url: "/live/".to_owned(),
        success_url: None,
    })
}

async fn catch_up(
    layer: &impl ChannelLayer,
    channel: &ChannelName,
    since: Option<Cursor>,
) -> CatchUp {
    layer.catch_up(channel, since).await.unwrap().expect("the channel has a state")
}

async fn next_frame(subscription: &mut Subscription) -> Arc<Frame> {
    match subscription.next().await {
        Some(Ok(Delivery::Frame(frame))) => frame,
        other => panic!("expected a frame, found {other:?}"),
    }
}

async fn a_channel_must_be_opened_before_it_is_published_on(layer: impl ChannelLayer) {
    let channel = channel();
    let refused = layer.publish(&channel, FIRST, status("lost")).await;
    assert!(matches!(refused, Err(PublishError::NotOpen)), "{refused:?}");

    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let refused = layer.publish(&channel, SECOND, status("lost")).await;
    assert!(matches!(refused, Err(PublishError::NotOpen)), "{refused:?}");
}

async fn frames_are_numbered_without_a_gap(layer: impl ChannelLayer) {
    let channel = channel();
    let first = layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    assert_eq!(first.seq, 1);
    for seq in 2..5 {
        let cursor = layer.publish(&channel, FIRST, status("next")).await.unwrap();
        assert_eq!(cursor, Cursor { epoch: first.epoch, seq });
    }
}

async fn subscribers_get_every_frame_in_order(layer: impl ChannelLayer) {
    let channel = channel();
    let mut early = layer.subscribe(&channel).await.unwrap();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let mut late = layer.subscribe(&channel).await.unwrap();
    layer.publish(&channel, FIRST, status("one")).await.unwrap();
    layer.publish(&channel, FIRST, Payload::Signal(finished())).await.unwrap();

    let begun = next_frame(&mut early).await;
    assert!(begun.cursor.is_opening());
    assert_eq!(begun.payload, Payload::Fragments(opening()));
    for subscription in [&mut early, &mut late] {
        let one = next_frame(subscription).await;
        assert_eq!((one.cursor.seq, &one.payload), (2, &status("one")));
        let end = next_frame(subscription).await;
        assert_eq!(end.cursor.seq, 3);
        assert!(matches!(end.payload, Payload::Signal(Signal::Finished(_))));
    }
}

async fn a_later_attempt_takes_the_channel_over(layer: impl ChannelLayer) {
    let channel = channel();
    let first = layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let second = layer.open(&channel, SECOND, OpenedBy::Run, opening()).await.unwrap();
    assert_eq!((second.epoch.attempt, second.seq), (SECOND, 1));
    assert_ne!(first.epoch, second.epoch);

    let stale = layer.publish(&channel, FIRST, status("stale")).await;
    assert!(matches!(stale, Err(PublishError::Stale { current: SECOND })), "{stale:?}");
    let stale = layer.open(&channel, FIRST, OpenedBy::Run, opening()).await;
    assert!(matches!(stale, Err(PublishError::Stale { current: SECOND })), "{stale:?}");
    let content = catch_up(&layer, &channel, None).await;
    assert_eq!(content.cursor, second, "a stale attempt leaves no trace");
}

async fn what_waits_is_shown_until_its_attempt_is_made(layer: impl ChannelLayer) {
    let channel = channel();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let waiting = layer.open(&channel, SECOND, OpenedBy::Queue, opening()).await.unwrap();
    assert_eq!((waiting.epoch.attempt, waiting.seq), (SECOND, 1));
    let stale = layer.publish(&channel, FIRST, status("stale")).await;
    assert!(matches!(stale, Err(PublishError::Stale { current: SECOND })), "{stale:?}");

    let made = layer.open(&channel, SECOND, OpenedBy::Run, opening()).await.unwrap();
    for attempt in [FIRST, SECOND] {
        let late = layer.open(&channel, attempt, OpenedBy::Queue, opening()).await;
        assert!(matches!(late, Err(PublishError::Stale { current: SECOND })), "{late:?}");
    }
    let content = catch_up(&layer, &channel, None).await;
    assert_eq!(content.cursor, made, "it is not shown as waiting any more");
}

async fn opening_again_begins_a_new_history(layer: impl ChannelLayer) {
    let channel = channel();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let old = layer.publish(&channel, FIRST, Payload::Signal(finished())).await.unwrap();
    let new = layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    assert_ne!(old.epoch, new.epoch);
    let content = catch_up(&layer, &channel, Some(old)).await;
    assert!(!content.ended);
    let CatchUpAnswer::Reset(content) = content.answer else {
        panic!("expected a reset, found {content:?}")
    };
    assert_eq!(content.signals, []);
}

async fn nothing_is_known_of_a_channel_that_was_never_opened(layer: impl ChannelLayer) {
    assert_eq!(layer.catch_up(&channel(), None).await.unwrap(), None);
    let channel = channel();
    let _subscription = layer.subscribe(&channel).await.unwrap();
    assert_eq!(layer.catch_up(&channel, None).await.unwrap(), None);
}

async fn the_newest_place_is_up_to_date(layer: impl ChannelLayer) {
    let channel = channel();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let newest = layer.publish(&channel, FIRST, status("newest")).await.unwrap();
    let content = catch_up(&layer, &channel, Some(newest)).await;
    assert_eq!((content.cursor, content.answer), (newest, CatchUpAnswer::UpToDate));
}

async fn a_known_place_gets_what_changed_since(layer: impl ChannelLayer) {
    let channel = channel();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let known = layer.publish(&channel, FIRST, log(1, "a")).await.unwrap();
    layer.publish(&channel, FIRST, log(1, "b")).await.unwrap();
    layer.publish(&channel, FIRST, log(2, "cd")).await.unwrap();
    let CatchUpAnswer::Delta(content) = catch_up(&layer, &channel, Some(known)).await.answer else {
        panic!("expected a delta")
    };
    assert_eq!(content.fragments, [Fragment::append(Region::Log, 3, "bcd")]);

    let known = layer.publish(&channel, FIRST, log(1, "e")).await.unwrap();
    layer.publish(&channel, FIRST, status("one")).await.unwrap();
    layer.publish(&channel, FIRST, status("two")).await.unwrap();
    let CatchUpAnswer::Delta(content) = catch_up(&layer, &channel, Some(known)).await.answer else {
        panic!("expected a delta")
    };
    assert_eq!(content.fragments, [Fragment::replace(Region::Status, "two")]);
}

async fn any_other_place_gets_everything(layer: impl ChannelLayer) {
    let channel = channel();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let newest = layer.publish(&channel, FIRST, log(1, "a")).await.unwrap();
    let elsewhere = [
        None,
        Some(Cursor { epoch: Epoch::begin(FIRST), ..newest }),
        Some(Cursor { epoch: Epoch { attempt: SECOND, ..newest.epoch }, ..newest }),
        Some(Cursor::of_row(FIRST, newest.seq)),
        Some(Cursor { seq: newest.seq + 1, ..newest }),
        Some(Cursor { seq: u64::MAX, ..newest }),
        Some(Cursor { seq: 0, ..newest }),
    ];
    for since in elsewhere {
        let caught_up = catch_up(&layer, &channel, since).await;
        assert_eq!(caught_up.cursor, newest);
        let CatchUpAnswer::Reset(content) = caught_up.answer else {
            panic!("expected a reset from {since:?}")
        };
        let page = Page::of(&content.fragments);
        assert_eq!(page.regions[&Region::Status], "begun");
        assert_eq!(page.regions[&Region::Log], "a");
    }
}

async fn a_place_in_a_history_that_was_replaced_gets_everything(layer: impl ChannelLayer) {
    let channel = channel();
    let begun = layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let left_on = layer.publish(&channel, FIRST, log(1, "a")).await.unwrap();
    for attempt in [FIRST, SECOND] {
        layer.open(&channel, attempt, OpenedBy::Run, opening()).await.unwrap();
        let newest = layer.publish(&channel, attempt, log(1, "b")).await.unwrap();
        for since in [begun, left_on] {
            let caught_up = catch_up(&layer, &channel, Some(since)).await;
            assert_eq!(caught_up.cursor, newest);
            let CatchUpAnswer::Reset(content) = caught_up.answer else {
                panic!("expected a reset from {since}")
            };
            assert_eq!(Page::of(&content.fragments).regions[&Region::Log], "b");
        }
    }
}

async fn signals_are_kept(layer: impl ChannelLayer) {
    let channel = channel();
    let begun = layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    assert!(!catch_up(&layer, &channel, None).await.ended);
    let signal = finished();
    layer.publish(&channel, FIRST, Payload::Signal(signal.clone())).await.unwrap();
    for _ in 0..300 {
        layer.publish(&channel, FIRST, status("more")).await.unwrap();
    }
    for since in [None, Some(begun)] {
        let content = catch_up(&layer, &channel, since).await;
        assert!(content.ended);
        let (CatchUpAnswer::Delta(content) | CatchUpAnswer::Reset(content)) = content.answer else {
            panic!("expected news")
        };
        assert_eq!(content.signals, std::slice::from_ref(&signal));
    }
}

async fn a_long_log_keeps_its_end(layer: impl ChannelLayer) {
    let channel = channel();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    for n in 0..3_000 {
        layer.publish(&channel, FIRST, log(1, &format!("{n};"))).await.unwrap();
    }
    let mut page = Page::default();
    page.catch_up(catch_up(&layer, &channel, None).await);
    let kept: String = (2_000..3_000).map(|n| format!("{n};")).collect();
    assert_eq!(page.regions[&Region::Log], kept);
}

async fn a_place_before_what_is_kept_gets_everything(layer: impl ChannelLayer) {
    let channel = channel();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let mut places = Vec::new();
    for n in 0..2_000 {
        places.push(layer.publish(&channel, FIRST, log(1, &format!("{n};"))).await.unwrap());
    }
    let kept: String = (1_000..2_000).map(|n| format!("{n};")).collect();
    for too_old in [places[0], places[998]] {
        let CatchUpAnswer::Reset(content) = catch_up(&layer, &channel, Some(too_old)).await.answer
        else {
            panic!("expected a reset from {too_old}")
        };
        let page = Page::of(&content.fragments);
        assert_eq!(page.regions[&Region::Log], kept);
        assert_eq!(page.regions[&Region::Status], "begun");
    }
    // Whoever has the last line that was dropped has everything before the kept ones.
    let CatchUpAnswer::Delta(content) = catch_up(&layer, &channel, Some(places[999])).await.answer
    else {
        panic!("expected a delta")
    };
    assert_eq!(content.fragments, [Fragment::append(Region::Log, 1_000, kept)]);
}

async fn subscribing_before_catching_up_misses_nothing(layer: impl ChannelLayer) {
    const FRAMES: u64 = 200;
    let (layer, channel) = (Arc::new(layer), channel());
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let publisher = tokio::spawn({
        let (layer, channel) = (layer.clone(), channel.clone());
        async move {
            for n in 0..FRAMES {
                layer.publish(&channel, FIRST, log(1, &format!("{n};"))).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    let mut clients = Vec::new();
    for _ in 0..20 {
        tokio::task::yield_now().await;
        let (layer, channel) = (layer.clone(), channel.clone());
        clients.push(tokio::spawn(async move {
            let mut subscription = layer.subscribe(&channel).await.unwrap();
            let mut page = Page::default();
            page.catch_up(catch_up(&*layer, &channel, None).await);
            while page.cursor.is_none_or(|cursor| cursor.seq <= FRAMES) {
                let frame = next_frame(&mut subscription).await;
                if page.cursor.is_none_or(|cursor| frame.cursor.seq > cursor.seq) {
                    page.apply_frame(&frame);
                }
            }
            page
        }));
    }
    publisher.await.unwrap();
    let whole: String = (0..FRAMES).map(|n| format!("{n};")).collect();
    for client in clients {
        assert_eq!(client.await.unwrap().regions[&Region::Log], whole);
    }
}

async fn concurrent_publishers_share_one_sequence(layer: impl ChannelLayer) {
    let (layer, channel) = (Arc::new(layer), channel());
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let publishers: Vec<_> = (0..8)
        .map(|_| {
            let (layer, channel) = (layer.clone(), channel.clone());
            tokio::spawn(async move {
                let mut seqs = Vec::new();
                for _ in 0..25 {
                    seqs.push(layer.publish(&channel, FIRST, status("x")).await.unwrap().seq);
                }
                seqs
            })
        })
        .collect();
    let mut seqs = BTreeSet::new();
    for publisher in publishers {
        seqs.extend(publisher.await.unwrap());
    }
    assert_eq!(seqs, (2..=201).collect());
}

async fn a_list_hears_that_it_changed(layer: impl ChannelLayer) {
    let list = ChannelName::owner(&UserId::from("ann"));
    layer.announce(&list, ListChange::Rows.into()).await.unwrap();
    let mut subscription = layer.subscribe(&list).await.unwrap();
    layer.announce(&list, ListChange::Rows.into()).await.unwrap();
    let heard = subscription.next().await;
    assert!(
        matches!(heard, Some(Ok(Delivery::Notice(Notice::List(ListChange::Rows))))),
        "{heard:?}"
    );
}

async fn a_layer_that_works_answers(layer: impl ChannelLayer) {
    let (first, second) = tokio::join!(layer.ping(), layer.ping());
    first.unwrap();
    second.unwrap();
    // And goes on working.
    let channel = channel();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    layer.ping().await.unwrap();
    layer.publish(&channel, FIRST, status("still there")).await.unwrap();
}

async fn channels_do_not_hear_each_other(layer: impl ChannelLayer) {
    let (one, two) = (channel(), channel());
    let mut subscription = layer.subscribe(&one).await.unwrap();
    layer
        .open(&two, FIRST, OpenedBy::Run, vec![Fragment::replace(Region::Status, "two")])
        .await
        .unwrap();
    layer
        .open(&one, FIRST, OpenedBy::Run, vec![Fragment::replace(Region::Status, "one")])
        .await
        .unwrap();
    assert_eq!(next_frame(&mut subscription).await.payload, status("one"));
}

async fn a_subscriber_that_fell_behind_is_told_and_goes_on(layer: impl ChannelLayer) {
    let channel = channel();
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    for _ in 0..10_000 {
        layer.publish(&channel, FIRST, status("x")).await.unwrap();
    }
    assert!(matches!(subscription.next().await, Some(Err(_))));
    let mut newest = 0;
    while newest < 10_001 {
        match subscription.next().await.expect("it goes on") {
            Ok(Delivery::Frame(frame)) => newest = frame.cursor.seq,
            // It may have fallen behind more than once.
            Err(_) => {}
            Ok(other) => panic!("expected a frame, found {other:?}"),
        }
    }
}

/// Any history, and any place in it: whoever was there and catches up shows what those show who saw
/// it all.
async fn whatever_was_missed_is_caught_up(layer: impl ChannelLayer) {
    let histories = prop::collection::vec(payload(), 1..40);
    let layer = Arc::new(layer);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        TestRunner::default()
            .run(&(histories, any::<prop::sample::Index>()), |(history, left_on)| {
                runtime.block_on(relive(&*layer, &history, left_on.index(history.len())));
                Ok(())
            })
            .unwrap();
    })
    .await
    .unwrap();
}

async fn relive(layer: &impl ChannelLayer, history: &[Payload], left_on: usize) {
    let channel = channel();
    let begun = layer.open(&channel, FIRST, OpenedBy::Run, opening()).await.unwrap();
    let begin = Frame { cursor: begun, payload: Payload::Fragments(opening()) };
    let (mut witness, mut absent) = (Page::default(), Page::default());
    witness.apply_frame(&begin);
    absent.apply_frame(&begin);
    for (n, payload) in history.iter().enumerate() {
        let cursor = layer.publish(&channel, FIRST, payload.clone()).await.unwrap();
        let frame = Frame { cursor, payload: payload.clone() };
        witness.apply_frame(&frame);
        if n < left_on {
            absent.apply_frame(&frame);
        }
    }
    absent.catch_up(catch_up(layer, &channel, absent.cursor).await);
    assert_eq!(absent.cursor, witness.cursor);
    witness.assert_shown_by(&absent);

    let mut newcomer = Page::default();
    newcomer.catch_up(catch_up(layer, &channel, None).await);
    witness.assert_shown_by(&newcomer);
}

fn payload() -> impl Strategy<Value = Payload> {
    let region = prop_oneof![
        Just(Region::Status),
        Just(Region::Progress),
        Just("preview".parse().unwrap()),
    ];
    let fragment = prop_oneof![
        (region, "[a-z]{0,3}").prop_map(|(region, html)| Fragment::replace(region, html)),
        Just(Fragment::replace(Region::Log, "")),
        (1u32..400, "[a-z]{1,3}").prop_map(|(n, html)| Fragment::append(Region::Log, n, html)),
        "[a-z]{1,3}".prop_map(|html| Fragment::append("preview".parse().unwrap(), 1, html)),
    ];
    prop_oneof![
        9 => prop::collection::vec(fragment, 1..4).prop_map(Payload::Fragments),
        1 => Just(Payload::Signal(finished())),
    ]
}
