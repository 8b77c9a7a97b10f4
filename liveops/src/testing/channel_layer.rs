//! The conformance suite of channel layers: one function per claim of the [`ChannelLayer`] contract, and the
//! macro that makes each claim a test.

mod page;
mod test_channel;

use std::{collections::BTreeSet, slice, sync::Arc};

use self::{
    page::Page,
    test_channel::{TestChannel, delta, log, next_delivery, next_frame, opening, reset, status},
};
use crate::{
    channel::{
        CatchUpAnswer, ChannelLayer, Cursor, Delivery, Epoch, Finished, ListChange, Notice,
        OpenedBy, Payload, PublishError, Signal,
    },
    operation::{Attempt, ChannelName, OperationId, OperationState, UserId},
    projection::Region,
    render::Fragment,
};

const FIRST: Attempt = Attempt(1);
const SECOND: Attempt = Attempt(2);

/// Tests an implementation of [`ChannelLayer`](crate::channel::ChannelLayer) against the contract of the trait.
///
/// Generates one `#[tokio::test]` function for each claim of the contract: frames are numbered without a
/// gap, a later attempt takes a channel over, a client that catches up misses nothing, and so on.
///
/// The argument is an expression of type `Option<L>`, where `L` implements `ChannelLayer`. Each test
/// evaluates the expression in an `async` context, so each test has a layer of its own; the layers may share
/// a server. A test passes without running when the value is `None`, for example on a machine without the
/// server of the layer.
///
/// Call the macro once per module, because the tests have fixed names. The calling crate needs tokio with
/// the features `macros` and `rt` as a development dependency.
///
/// ```
/// # type MyLayer = liveops::channel::MemoryChannelLayer;
/// liveops::testing::channel_layer_tests!(Some(MyLayer::new()));
/// ```
///
/// A layer that needs a server:
///
/// ```
/// # use liveops::channel::MemoryChannelLayer;
/// # struct MyLayer;
/// # impl MyLayer {
/// #     async fn connect(_: &str) -> std::io::Result<MemoryChannelLayer> {
/// #         Ok(MemoryChannelLayer::new())
/// #     }
/// # }
/// use liveops::{channel::ChannelLayer, testing::channel_layer_tests};
///
/// /// Returns `None` on a machine without the server.
/// async fn layer() -> Option<impl ChannelLayer> {
///     let url = std::env::var("MY_SERVER_URL").ok()?;
///     Some(MyLayer::connect(&url).await.expect("the server accepts connections"))
/// }
///
/// channel_layer_tests!(layer().await);
/// ```
#[macro_export]
macro_rules! channel_layer_tests {
    ($layer:expr $(,)?) => {
        $crate::testing::channel_layer::__channel_layer_tests! {
            $layer;
            a_channel_must_be_opened_before_it_is_published_on
            frames_are_numbered_without_a_gap
            subscribers_get_every_frame_in_order
            a_later_attempt_takes_the_channel_over
            a_waiting_operation_is_shown_until_its_attempt_starts
            opening_again_begins_a_new_history
            a_channel_that_was_never_opened_has_no_state
            the_newest_cursor_is_up_to_date
            a_known_cursor_gets_what_changed_since
            any_other_cursor_gets_everything
            a_cursor_in_a_replaced_history_gets_everything
            signals_are_retained
            a_long_log_keeps_its_end
            a_cursor_before_the_retained_history_gets_everything
            subscribing_before_catching_up_misses_nothing
            concurrent_publishers_share_one_sequence
            a_list_subscriber_receives_changes
            a_subscriber_receives_its_own_channel_only
            a_subscriber_that_fell_behind_is_notified_and_continues
            a_working_layer_answers_pings
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __channel_layer_tests {
    ($layer:expr; $($claim:ident)*) => {$(
        #[::tokio::test]
        async fn $claim() {
            if let ::core::option::Option::Some(layer) = $layer {
                $crate::testing::channel_layer::$claim(layer).await;
            }
        }
    )*};
}

pub use __channel_layer_tests;
pub use channel_layer_tests;

pub async fn a_channel_must_be_opened_before_it_is_published_on(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    let refused = channel.try_publish(FIRST).await;
    assert!(matches!(refused, Err(PublishError::NotOpen)), "{refused:?}");

    channel.open(FIRST).await;
    let refused = channel.try_publish(SECOND).await;
    assert!(matches!(refused, Err(PublishError::NotOpen)), "{refused:?}");
}

pub async fn frames_are_numbered_without_a_gap(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    let first = channel.open(FIRST).await;
    assert_eq!(first.seq, 1);
    for seq in 2..5 {
        let cursor = channel.publish(FIRST, status("next")).await;
        assert_eq!(cursor, Cursor { epoch: first.epoch, seq });
    }
}

pub async fn subscribers_get_every_frame_in_order(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    let mut early = channel.subscribe().await;
    channel.open(FIRST).await;
    let mut late = channel.subscribe().await;
    channel.publish(FIRST, status("one")).await;
    channel.publish(FIRST, Payload::Signal(finished())).await;

    let begun = next_frame(&mut early).await;
    assert!(begun.cursor.is_opening(), "a frame after the subscription is missing: {begun:?}");
    assert_eq!(begun.payload, Payload::Fragments(opening()));
    let mut ones = [next_frame(&mut early).await, next_frame(&mut late).await];
    if ones[1].cursor.is_opening() {
        // Published before the subscription, and then still on its way between two servers.
        ones[1] = next_frame(&mut late).await;
    }
    for (subscription, one) in [&mut early, &mut late].into_iter().zip(ones) {
        assert_eq!((one.cursor.seq, &one.payload), (2, &status("one")));
        let end = next_frame(subscription).await;
        assert_eq!(end.cursor.seq, 3);
        assert!(matches!(end.payload, Payload::Signal(Signal::Finished(_))));
    }
}

pub async fn a_later_attempt_takes_the_channel_over(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    let first = channel.open(FIRST).await;
    let second = channel.open(SECOND).await;
    assert_eq!((second.epoch.attempt, second.seq), (SECOND, 1));
    assert_ne!(first.epoch, second.epoch);

    let stale = channel.try_publish(FIRST).await;
    assert!(matches!(stale, Err(PublishError::Stale { current: SECOND })), "{stale:?}");
    let stale = channel.try_open(FIRST, OpenedBy::Run).await;
    assert!(matches!(stale, Err(PublishError::Stale { current: SECOND })), "{stale:?}");
    let content = channel.catch_up(None).await;
    assert_eq!(content.cursor, second, "a stale attempt leaves no trace");
}

pub async fn a_waiting_operation_is_shown_until_its_attempt_starts(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    channel.open(FIRST).await;
    let waiting = channel.try_open(SECOND, OpenedBy::Queue).await;
    let waiting = waiting.expect("the queue opens the channel for the next attempt");
    assert_eq!((waiting.epoch.attempt, waiting.seq), (SECOND, 1));
    let stale = channel.try_publish(FIRST).await;
    assert!(matches!(stale, Err(PublishError::Stale { current: SECOND })), "{stale:?}");

    let started = channel.open(SECOND).await;
    for attempt in [FIRST, SECOND] {
        let late = channel.try_open(attempt, OpenedBy::Queue).await;
        assert!(matches!(late, Err(PublishError::Stale { current: SECOND })), "{late:?}");
    }
    let content = channel.catch_up(None).await;
    assert_eq!(content.cursor, started, "the operation is not shown as waiting any more");
}

pub async fn opening_again_begins_a_new_history(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    channel.open(FIRST).await;
    let old = channel.publish(FIRST, Payload::Signal(finished())).await;
    let new = channel.open(FIRST).await;
    assert_ne!(old.epoch, new.epoch);
    let caught_up = channel.catch_up(Some(old)).await;
    assert!(!caught_up.ended);
    assert_eq!(reset(caught_up).signals, []);
}

pub async fn a_channel_that_was_never_opened_has_no_state(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    assert_eq!(channel.state(None).await, None);
    let channel = channel.another();
    let _subscription = channel.subscribe().await;
    assert_eq!(channel.state(None).await, None);
}

pub async fn the_newest_cursor_is_up_to_date(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    channel.open(FIRST).await;
    let newest = channel.publish(FIRST, status("newest")).await;
    let content = channel.catch_up(Some(newest)).await;
    assert_eq!((content.cursor, content.answer), (newest, CatchUpAnswer::UpToDate));
}

pub async fn a_known_cursor_gets_what_changed_since(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    channel.open(FIRST).await;
    let known = channel.publish(FIRST, log(1, "a")).await;
    channel.publish(FIRST, log(1, "b")).await;
    channel.publish(FIRST, log(2, "cd")).await;
    let content = delta(channel.catch_up(Some(known)).await);
    assert_eq!(content.fragments, [Fragment::append(Region::Log, 3, "bcd")]);

    let known = channel.publish(FIRST, log(1, "e")).await;
    channel.publish(FIRST, status("one")).await;
    channel.publish(FIRST, status("two")).await;
    let content = delta(channel.catch_up(Some(known)).await);
    assert_eq!(content.fragments, [Fragment::replace(Region::Status, "two")]);
}

pub async fn any_other_cursor_gets_everything(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    channel.open(FIRST).await;
    let newest = channel.publish(FIRST, log(1, "a")).await;
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
        let caught_up = channel.catch_up(since).await;
        assert_eq!(caught_up.cursor, newest, "from {since:?}");
        let page = Page::of(&reset(caught_up).fragments);
        assert_eq!(page.html(&Region::Status), "begun", "from {since:?}");
        assert_eq!(page.html(&Region::Log), "a", "from {since:?}");
    }
}

pub async fn a_cursor_in_a_replaced_history_gets_everything(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    let begun = channel.open(FIRST).await;
    let left_on = channel.publish(FIRST, log(1, "a")).await;
    for attempt in [FIRST, SECOND] {
        channel.open(attempt).await;
        let newest = channel.publish(attempt, log(1, "b")).await;
        for since in [begun, left_on] {
            let caught_up = channel.catch_up(Some(since)).await;
            assert_eq!(caught_up.cursor, newest);
            assert_eq!(Page::of(&reset(caught_up).fragments).html(&Region::Log), "b");
        }
    }
}

pub async fn signals_are_retained(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    let begun = channel.open(FIRST).await;
    assert!(!channel.catch_up(None).await.ended);
    let signal = finished();
    channel.publish(FIRST, Payload::Signal(signal.clone())).await;
    for _ in 0..300 {
        channel.publish(FIRST, status("more")).await;
    }
    for since in [None, Some(begun)] {
        let caught_up = channel.catch_up(since).await;
        assert!(caught_up.ended);
        assert_eq!(caught_up.answer.signals(), slice::from_ref(&signal));
    }
}

pub async fn a_long_log_keeps_its_end(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    channel.open(FIRST).await;
    for n in 0..3_000 {
        channel.publish(FIRST, log(1, &format!("{n};"))).await;
    }
    let mut page = Page::default();
    page.apply_catch_up(channel.catch_up(None).await);
    let kept: String = (2_000..3_000).map(|n| format!("{n};")).collect();
    assert_eq!(page.html(&Region::Log), kept);
}

pub async fn a_cursor_before_the_retained_history_gets_everything(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    channel.open(FIRST).await;
    let mut cursors = Vec::new();
    for n in 0..2_000 {
        cursors.push(channel.publish(FIRST, log(1, &format!("{n};"))).await);
    }
    let kept: String = (1_000..2_000).map(|n| format!("{n};")).collect();
    for too_old in [cursors[0], cursors[998]] {
        let content = reset(channel.catch_up(Some(too_old)).await);
        let page = Page::of(&content.fragments);
        assert_eq!(page.html(&Region::Log), kept);
        assert_eq!(page.html(&Region::Status), "begun");
    }
    // A client that has the last dropped line has everything before the retained lines.
    let content = delta(channel.catch_up(Some(cursors[999])).await);
    assert_eq!(content.fragments, [Fragment::append(Region::Log, 1_000, kept)]);
}

pub async fn subscribing_before_catching_up_misses_nothing(layer: impl ChannelLayer) {
    const FRAMES: u64 = 200;
    let channel = Arc::new(TestChannel::new(layer));
    channel.open(FIRST).await;
    let publisher = tokio::spawn({
        let channel = channel.clone();
        async move {
            for n in 0..FRAMES {
                channel.publish(FIRST, log(1, &format!("{n};"))).await;
                tokio::task::yield_now().await;
            }
        }
    });
    let mut clients = Vec::new();
    for _ in 0..20 {
        tokio::task::yield_now().await;
        let channel = channel.clone();
        clients.push(tokio::spawn(async move {
            let mut subscription = channel.subscribe().await;
            let mut page = Page::default();
            page.apply_catch_up(channel.catch_up(None).await);
            while page.cursor.is_none_or(|cursor| cursor.seq <= FRAMES) {
                let frame = next_frame(&mut subscription).await;
                if page.cursor.is_none_or(|cursor| frame.cursor.seq > cursor.seq) {
                    page.apply_frame(&frame);
                }
            }
            page
        }));
    }
    publisher.await.expect("the publisher publishes every frame");
    let whole: String = (0..FRAMES).map(|n| format!("{n};")).collect();
    for client in clients {
        let page = client.await.expect("the client receives every frame");
        assert_eq!(page.html(&Region::Log), whole);
    }
}

pub async fn concurrent_publishers_share_one_sequence(layer: impl ChannelLayer) {
    let channel = Arc::new(TestChannel::new(layer));
    channel.open(FIRST).await;
    let publishers: Vec<_> = (0..8)
        .map(|_| {
            let channel = channel.clone();
            tokio::spawn(async move {
                let mut seqs = Vec::new();
                for _ in 0..25 {
                    seqs.push(channel.publish(FIRST, status("x")).await.seq);
                }
                seqs
            })
        })
        .collect();
    let mut seqs = BTreeSet::new();
    for publisher in publishers {
        seqs.extend(publisher.await.expect("the publisher publishes every frame"));
    }
    assert_eq!(seqs, (2..=201).collect());
}

pub async fn a_list_subscriber_receives_changes(layer: impl ChannelLayer) {
    // The owner is unique, because other tests may use the same server.
    let owner = UserId::from(OperationId::new().to_string());
    let list = TestChannel::on(Arc::new(layer), ChannelName::owner(&owner));
    let announce = async || {
        let announced = list.layer.announce(&list.name, ListChange::Rows.into()).await;
        announced.expect("`announce` succeeds");
    };
    announce().await;
    let mut subscription = list.subscribe().await;
    announce().await;
    let received = next_delivery(&mut subscription).await;
    assert!(
        matches!(received, Ok(Delivery::Notice(Notice::List(ListChange::Rows)))),
        "{received:?}"
    );
}

pub async fn a_subscriber_receives_its_own_channel_only(layer: impl ChannelLayer) {
    let one = TestChannel::new(layer);
    let two = one.another();
    let mut subscription = one.subscribe().await;
    for (channel, text) in [(&two, "two"), (&one, "one")] {
        let snapshot = vec![Fragment::replace(Region::Status, text)];
        let opened = channel.layer.open(&channel.name, FIRST, OpenedBy::Run, snapshot).await;
        opened.expect("`open` succeeds");
    }
    assert_eq!(next_frame(&mut subscription).await.payload, status("one"));
}

pub async fn a_subscriber_that_fell_behind_is_notified_and_continues(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    let mut subscription = channel.subscribe().await;
    channel.open(FIRST).await;
    for _ in 0..10_000 {
        channel.publish(FIRST, status("x")).await;
    }
    let first = next_delivery(&mut subscription).await;
    assert!(first.is_err(), "expected `Lagged`, found {first:?}");
    let mut newest = 0;
    while newest < 10_001 {
        match next_delivery(&mut subscription).await {
            Ok(Delivery::Frame(frame)) => newest = frame.cursor.seq,
            // The subscriber may have fallen behind more than once.
            Err(_) => {}
            Ok(other) => panic!("expected a frame, found {other:?}"),
        }
    }
}

pub async fn a_working_layer_answers_pings(layer: impl ChannelLayer) {
    let channel = TestChannel::new(layer);
    tokio::join!(channel.ping(), channel.ping());
    // A ping changes nothing.
    channel.open(FIRST).await;
    channel.ping().await;
    channel.publish(FIRST, status("still there")).await;
}

fn finished() -> Signal {
    Signal::Finished(Finished {
        id: OperationId::new(),
        state: OperationState::FinishedOk,
        url: "/live/".to_owned(),
        success_url: None,
    })
}

#[cfg(test)]
mod tests {
    /// A claim that the macro does not list would never run.
    #[test]
    fn every_claim_is_a_test() {
        let source = include_str!("channel_layer.rs");
        let claims = source.lines().filter_map(|line| line.strip_prefix("pub async fn "));
        let claims: Vec<&str> = claims.filter_map(|line| line.split('(').next()).collect();
        let (_, listed) = source.split_once("            $layer;\n").unwrap();
        let listed: Vec<&str> =
            listed.lines().map(str::trim).take_while(|line| *line != "}").collect();
        assert!(!claims.is_empty());
        assert_eq!(listed, claims);
    }
}
