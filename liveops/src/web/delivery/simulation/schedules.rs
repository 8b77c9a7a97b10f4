use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestError, TestRunner},
};
use tokio::runtime::{Builder, Runtime};

use super::{
    client::Since,
    operation::SimReport,
    world::{Act, World},
};
use crate::render::{Renderer, Templates};

/// How many schedules each of the tests lives through.
const CASES: u32 = 25_000;

/// What goes wrong more often than the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
enum FaultFocus {
    Network,
    ChannelLayer,
    Attempts,
    ClientConnections,
}

macro_rules! whatever_happens {
    ($($claim:ident: $trouble:ident),* $(,)?) => {
        $(
            #[test]
            fn $claim() {
                live_through(FaultFocus::$trouble);
            }
        )*
    };
}

whatever_happens!(
    a_bad_network_costs_a_page_nothing: Network,
    a_forgetful_channel_layer_costs_a_page_nothing: ChannelLayer,
    attempts_that_overtake_each_other_cost_a_page_nothing: Attempts,
    clients_that_come_and_go_and_stall_lose_nothing: ClientConnections,
);

fn live_through(trouble: FaultFocus) {
    let config = ProptestConfig {
        cases: CASES,
        source_file: Some(file!()),
        // The default, which is secure, takes most of the time.
        rng_algorithm: RngAlgorithm::XorShift,
        ..ProptestConfig::default()
    };
    let acts = prop::collection::vec(prop::sample::select(acts(trouble)), 0..32);
    let universe = Universe::new();
    TestRunner::new(config)
        .run(&(acts, any::<bool>()), |(acts, last_words_are_lost)| {
            let faults = universe.faults_after(&acts, last_words_are_lost);
            prop_assert!(faults.is_empty(), "{}", faults.join("\n"));
            Ok(())
        })
        .unwrap_or_else(|failure| match failure {
            TestError::Fail(why, (acts, are_lost)) => {
                panic!("{why}\nafter {acts:?}, last words lost: {are_lost}")
            }
            TestError::Abort(why) => panic!("{why}"),
        });
}

/// What worlds have in common: making it takes longer than a world lasts.
struct Universe {
    renderer: Renderer,
    runtime: Runtime,
}

impl Universe {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        Self { renderer: Renderer::new(Templates::new(), "/live"), runtime: runtime.unwrap() }
    }

    fn faults_after(&self, acts: &[Act], last_words_are_lost: bool) -> Vec<String> {
        self.runtime.block_on(async {
            let mut world = World::begin(self.renderer.clone()).await;
            for act in acts {
                world.act(*act).await;
            }
            world.calm_down(last_words_are_lost).await;
            world.faults()
        })
    }
}

#[track_caller]
fn assert_nothing_is_lost(acts: &[Act]) {
    for last_words_are_lost in [false, true] {
        let faults = Universe::new().faults_after(acts, last_words_are_lost);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn a_page_that_was_loaded_while_the_run_ended_hears_of_the_end() {
    assert_nothing_is_lost(&[Act::Load(0), Act::End { is_chained: true }, Act::Flush]);
}

#[test]
fn an_end_that_nobody_heard_of_and_the_channel_layer_forgot_is_read_off_the_row() {
    assert_nothing_is_lost(&[Act::End { is_chained: false }, Act::Flush, Act::Forget]);
}

#[test]
fn a_page_that_heard_of_the_end_but_not_of_what_comes_next_still_moves_over() {
    let shown = Act::Deliver(0, 0);
    let finished = Act::Deliver(0, 0);
    let end = Act::End { is_chained: true };
    assert_nothing_is_lost(&[end, Act::Flush, shown, finished, Act::Forget]);
}

#[test]
fn a_run_that_starts_over_ends_anew() {
    let end = [Act::End { is_chained: false }, Act::Flush];
    let begun = [Act::Overtake, Act::Flush].into_iter().chain([Act::Deliver(0, 0); 4]);
    let seen = [Act::Serve(0); 9];
    let acts = end.into_iter().chain([Act::Quiet]).chain(begun).chain(seen);
    let acts: Vec<_> = acts.chain(end).chain([Act::Forget]).collect();
    assert_nothing_is_lost(&acts);
}

#[test]
fn a_late_frame_does_not_bring_back_a_run_that_the_row_knows_to_have_ended() {
    assert_nothing_is_lost(&[
        Act::Overtake,
        Act::Flush,
        Act::End { is_chained: false },
        Act::Flush,
        Act::Quiet,
        Act::Restart { clock_is_late: false },
        Act::Deliver(0, 0),
    ]);
}

/// What can happen, each as often as it shall be drawn; the simplest first, as that is what a failing
/// schedule is reduced to.
fn acts(trouble: FaultFocus) -> Vec<Act> {
    const PROCESS: [usize; 2] = [0, 1];
    const CLIENT: [usize; 2] = [0, 1];
    const NTH: [usize; 6] = [0, 0, 0, 1, 2, 3];
    const COUNT: [usize; 4] = [0, 1, 2, 99];
    const SINCE: [Since; 10] = [
        Since::Own,
        Since::Own,
        Since::Own,
        Since::Own,
        Since::Nowhere,
        Since::Malformed,
        Since::Ahead,
        Since::OfAnotherEpoch,
        Since::BeforeAll,
        Since::Kept,
    ];
    let often = |kind: FaultFocus, weight: usize| if kind == trouble { weight * 3 } else { weight };
    let (network, layer) =
        (|n| often(FaultFocus::Network, n), |n| often(FaultFocus::ChannelLayer, n));
    let (attempts, clients) =
        (|n| often(FaultFocus::Attempts, n), |n| often(FaultFocus::ClientConnections, n));
    // It takes as long as a hundred others.
    let flood = if trouble == FaultFocus::ClientConnections { Act::Flood } else { Act::Flush };
    let kinds = [
        (
            8,
            [SimReport::Log, SimReport::Append, SimReport::Status, SimReport::Swap]
                .map(Act::SimReport)
                .to_vec(),
        ),
        (8, vec![Act::Flush]),
        (8, pairs(PROCESS, NTH, Act::Deliver)),
        (8, CLIENT.map(Act::Serve).to_vec()),
        (4, pairs(CLIENT, COUNT, Act::Receive)),
        (2, CLIENT.map(Act::Acknowledge).to_vec()),
        (2, [false, true].map(|is_chained| Act::End { is_chained }).to_vec()),
        (4, vec![Act::PublishDue]),
        (2, vec![Act::Quiet]),
        (network(2), pairs(PROCESS, NTH, Act::Lose)),
        (network(1), pairs(PROCESS, NTH, Act::Double)),
        (network(1), PROCESS.map(Act::Disconnect).to_vec()),
        (layer(1), [false, true].map(|clock_is_late| Act::Restart { clock_is_late }).to_vec()),
        (layer(1), vec![Act::Forget]),
        (layer(1), vec![Act::Expire]),
        (attempts(1), vec![Act::Overtake]),
        (attempts(1), vec![Act::HandBack]),
        (attempts(1), vec![Act::ContinueOvertaken]),
        (clients(1), pairs(CLIENT, COUNT, Act::Cut)),
        (clients(2), pairs(CLIENT, SINCE, |client, since| Act::Connect(client, 0, since))),
        (clients(2), pairs(CLIENT, SINCE, |client, since| Act::Connect(client, 1, since))),
        (clients(1), CLIENT.map(Act::Load).to_vec()),
        (clients(1), CLIENT.map(Act::Keep).to_vec()),
        (1, vec![flood]),
    ];
    let repeated = |(weight, acts): (usize, Vec<Act>)| {
        let times = weight * 24 / acts.len();
        acts.repeat(times)
    };
    kinds.into_iter().flat_map(repeated).collect()
}

fn pairs<A: Copy, B: Copy>(
    firsts: impl IntoIterator<Item = A>,
    seconds: impl IntoIterator<Item = B> + Copy,
    act: impl Fn(A, B) -> Act,
) -> Vec<Act> {
    let act = &act;
    firsts
        .into_iter()
        .flat_map(|first| seconds.into_iter().map(move |second| act(first, second)))
        .collect()
}
