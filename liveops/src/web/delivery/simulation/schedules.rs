//! Random schedules and fixed schedules of the simulation.

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

/// Number of random schedules per test.
const CASES: u32 = 25_000;

/// The kind of faults that occurs more often than the others.
#[derive(Debug, Clone, Copy, PartialEq)]
enum FaultFocus {
    Network,
    ChannelLayer,
    Attempts,
    ClientConnections,
}

macro_rules! random_schedules {
    ($($claim:ident: $focus:ident),* $(,)?) => {
        $(
            #[test]
            fn $claim() {
                run_schedules(FaultFocus::$focus);
            }
        )*
    };
}

random_schedules!(
    a_page_recovers_from_network_faults: Network,
    a_page_recovers_from_lost_channel_state: ChannelLayer,
    a_page_recovers_from_overtaken_attempts: Attempts,
    a_page_recovers_from_broken_and_slow_connections: ClientConnections,
);

fn run_schedules(focus: FaultFocus) {
    let config = ProptestConfig {
        cases: CASES,
        source_file: Some(file!()),
        // The default generator is cryptographically secure and takes most of the time.
        rng_algorithm: RngAlgorithm::XorShift,
        ..ProptestConfig::default()
    };
    let acts = prop::collection::vec(prop::sample::select(acts(focus)), 0..32);
    let fixture = Fixture::new();
    TestRunner::new(config)
        .run(&(acts, any::<bool>()), |(acts, last_frames_are_lost)| {
            let faults = fixture.faults_after(&acts, last_frames_are_lost);
            prop_assert!(faults.is_empty(), "{}", faults.join("\n"));
            Ok(())
        })
        .unwrap_or_else(|failure| match failure {
            TestError::Fail(why, (acts, are_lost)) => {
                panic!("{why}\nafter {acts:?}, last frames lost: {are_lost}")
            }
            TestError::Abort(why) => panic!("{why}"),
        });
}

/// The parts that all worlds share. Creating them takes longer than running a world.
struct Fixture {
    renderer: Renderer,
    runtime: Runtime,
}

impl Fixture {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        Self { renderer: Renderer::new(Templates::new(), "/live"), runtime: runtime.unwrap() }
    }

    fn faults_after(&self, acts: &[Act], last_frames_are_lost: bool) -> Vec<String> {
        self.runtime.block_on(async {
            let mut world = World::begin(self.renderer.clone()).await;
            for act in acts {
                world.act(*act).await;
            }
            world.recover(last_frames_are_lost).await;
            world.faults()
        })
    }
}

#[track_caller]
fn assert_nothing_is_lost(acts: &[Act]) {
    for last_frames_are_lost in [false, true] {
        let faults = Fixture::new().faults_after(acts, last_frames_are_lost);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn a_page_loaded_while_the_run_ends_receives_the_end() {
    assert_nothing_is_lost(&[Act::Load(0), Act::End { is_chained: true }, Act::Flush]);
}

#[test]
fn an_undelivered_end_that_the_channel_layer_lost_is_read_from_the_row() {
    assert_nothing_is_lost(&[Act::End { is_chained: false }, Act::Flush, Act::Forget]);
}

#[test]
fn a_page_that_received_the_end_without_the_chain_still_moves_on() {
    let shown = Act::Deliver(0, 0);
    let finished = Act::Deliver(0, 0);
    let end = Act::End { is_chained: true };
    assert_nothing_is_lost(&[end, Act::Flush, shown, finished, Act::Forget]);
}

#[test]
fn a_retried_run_ends_again() {
    let end = [Act::End { is_chained: false }, Act::Flush];
    let begun = [Act::Overtake, Act::Flush].into_iter().chain([Act::Deliver(0, 0); 4]);
    let seen = [Act::Serve(0); 9];
    let acts = end.into_iter().chain([Act::Quiet]).chain(begun).chain(seen);
    let acts: Vec<_> = acts.chain(end).chain([Act::Forget]).collect();
    assert_nothing_is_lost(&acts);
}

#[test]
fn a_late_frame_does_not_undo_an_end_in_the_row() {
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

/// Returns all acts, each repeated by its weight. The simplest acts come first, because proptest reduces a
/// failing schedule to them.
fn acts(focus: FaultFocus) -> Vec<Act> {
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
    let often = |kind: FaultFocus, weight: usize| if kind == focus { weight * 3 } else { weight };
    let (network, layer) =
        (|n| often(FaultFocus::Network, n), |n| often(FaultFocus::ChannelLayer, n));
    let (attempts, clients) =
        (|n| often(FaultFocus::Attempts, n), |n| often(FaultFocus::ClientConnections, n));
    // A flood takes as long as a hundred other acts.
    let flood = if focus == FaultFocus::ClientConnections { Act::Flood } else { Act::Flush };
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
