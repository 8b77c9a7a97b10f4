//! The contract of channel layers: the conformance suite that the library offers, run against every backend,
//! and a property over any history.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use futures_util::FutureExt;
use liveops::{
    Attempt, ChannelName, OperationId, OperationState,
    channel::{
        CatchUp, CatchUpAnswer, ChannelError, ChannelLayer, Cursor, Finished, Fragment, Frame,
        MemoryChannelLayer, OpenedBy, Payload, PublishError, Region, Signal, Subscription,
    },
    testing::channel_layer as claims,
};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::support::{
    layer::{LayerOverrides, Overridden},
    page::Page,
    postgres_layers::PostgresLayers,
    redis::RedisPrefix,
    redis_cluster::RedisCluster,
    redis_sentinel::WatchedRedis,
};

const FIRST: Attempt = Attempt(1);

macro_rules! on_every_layer {
    ($($name:ident: $layer:expr;)*) => {$(
        mod $name {
            use super::*;

            liveops::testing::channel_layer_tests!($layer);

            #[tokio::test]
            async fn whatever_was_missed_is_caught_up() {
                if let Some(layer) = $layer {
                    super::whatever_was_missed_is_caught_up(layer).await;
                }
            }
        }
    )*};
}

on_every_layer! {
    memory: Some(MemoryChannelLayer::new());
    postgres: PostgresLayers::create().await.map(PostgresLayers::into_layer);
    redis: RedisPrefix::new().map(|prefix| prefix.layer());
}

/// Over the same scripts as `redis`, which the property tries.
mod redis_cluster {
    use super::*;

    liveops::testing::channel_layer_tests!(RedisCluster::shared_layer().await);
}

mod redis_sentinel {
    use super::*;

    liveops::testing::channel_layer_tests!(WatchedRedis::shared_layer().await);
}

/// A layer as another crate may write one.
#[derive(Debug, Default)]
struct Counting {
    inner: MemoryChannelLayer,
    frames: AtomicU64,
}

#[async_trait]
impl LayerOverrides for Counting {
    type Inner = MemoryChannelLayer;

    fn inner(&self) -> &MemoryChannelLayer {
        &self.inner
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.inner.publish(channel, attempt, payload).await
    }
}

mod third_party {
    use super::*;

    liveops::testing::channel_layer_tests!(Some(Overridden(Counting::default())));
}

mod missing_on_this_machine {
    use super::*;

    liveops::testing::channel_layer_tests!(None::<MemoryChannelLayer>);
}

/// A layer that breaks the contract.
#[derive(Debug)]
struct Broken {
    inner: MemoryChannelLayer,
    flaw: Flaw,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    AcceptsStaleFrames,
    FindsNothingToCatchUp,
    DeliversNothing,
    DoesNotAnswer,
}

impl Broken {
    fn layer(flaw: Flaw) -> Overridden<Self> {
        Overridden(Self { inner: MemoryChannelLayer::new(), flaw })
    }
}

#[async_trait]
impl LayerOverrides for Broken {
    type Inner = MemoryChannelLayer;

    fn inner(&self) -> &MemoryChannelLayer {
        &self.inner
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        match self.inner.publish(channel, attempt, payload.clone()).await {
            Err(PublishError::Stale { current }) if self.flaw == Flaw::AcceptsStaleFrames => {
                self.inner.publish(channel, current, payload).await
            }
            published => published,
        }
    }

    async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError> {
        let state = self.inner.catch_up(channel, since).await?;
        Ok(match self.flaw {
            Flaw::FindsNothingToCatchUp => {
                state.map(|state| CatchUp { answer: CatchUpAnswer::UpToDate, ..state })
            }
            _ => state,
        })
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        let elsewhere = ChannelName::operation(OperationId::new());
        let channel = if self.flaw == Flaw::DeliversNothing { &elsewhere } else { channel };
        self.inner.subscribe(channel).await
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        match self.flaw {
            Flaw::DoesNotAnswer => Err(ChannelError::new("answer", "connection refused")),
            _ => Ok(()),
        }
    }
}

/// The message of a claim that fails.
async fn failure_of(claim: impl Future<Output = ()>) -> String {
    let panic = AssertUnwindSafe(claim).catch_unwind().await.expect_err("the claim fails");
    *panic.downcast::<String>().expect("a message")
}

// A claim waits for deliveries; nobody waits for the claim.
#[tokio::test(start_paused = true)]
async fn a_broken_layer_fails_the_claim_that_it_breaks() {
    let layer = Broken::layer(Flaw::AcceptsStaleFrames);
    let failure = failure_of(claims::a_later_attempt_takes_the_channel_over(layer)).await;
    assert!(failure.contains("Ok(Cursor"), "{failure}");

    let layer = Broken::layer(Flaw::FindsNothingToCatchUp);
    let failure = failure_of(claims::a_known_cursor_gets_what_changed_since(layer)).await;
    assert_eq!(failure, "expected a delta, found UpToDate");

    let layer = Broken::layer(Flaw::DeliversNothing);
    let failure = failure_of(claims::subscribers_get_every_frame_in_order(layer)).await;
    assert_eq!(failure, "expected a delivery, found none within 30s");

    let layer = Broken::layer(Flaw::DoesNotAnswer);
    let failure = failure_of(claims::a_working_layer_answers_pings(layer)).await;
    assert!(failure.starts_with("expected `ping` to succeed, found: "), "{failure}");
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
    let channel = ChannelName::operation(OperationId::new());
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
