//! Processes are killed while the crowd goes on.

use super::{ledger::Step, scene::Scene};

const OPERATIONS: usize = 200;
const BROWSERS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_operations_outlive_their_processes() {
    // Rescue shall not take long.
    let environment = [("LIVEOPS_LEASE_SECONDS", "4"), ("LIVEOPS_THROTTLE_HZ", "10")];
    let Some(mut scene) = Scene::set("killed", BROWSERS, &environment).await else { return };
    // Nobody knows what has become of a request to start something that was not answered.
    scene.start(OPERATIONS);
    scene.crowd.have_started_all_but(0).await;
    scene.crowd.are_connected().await;
    scene.kill_worker(0).await;
    scene.kill_web(0).await;
    let outcome = scene.conclude().await;
    assert!(
        outcome.truth.steps().any(Step::is_rescue),
        "nothing was running when its worker was killed"
    );
    let closes = outcome.history.departures()[0].closes(&outcome.seen);
    assert!(closes.iter().any(|close| close.code().is_none()), "nobody was connected: {closes:?}");
}
