//! Workers that are killed.

use std::time::Duration;

use liveops::OperationState;

use super::{
    dice::runs,
    scene::{LEASE, Scene},
    support::database::on_every_database,
};

const LONGEST: Duration = Duration::from_millis(120);

on_every_database! {
    async fn operations_outlive_the_workers_that_run_them(database: TestDatabase) {
        let mut scene = Scene::set("killed", &database.url(), 8).await;
        scene.enqueue(runs(200), 1_000, LONGEST).await;
        kill_workers_at_random(&mut scene, 3, 200, async |_| {}).await;
        let history = scene.conclude().await;
        assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
        assert!(history.kills() > 0, "nobody was killed");
    }

    async fn an_operation_that_may_run_once_fails_with_its_worker(database: TestDatabase) {
        let mut scene = Scene::set("killed, one attempt", &database.url(), 8).await;
        scene.enqueue(runs(200), 1, LONGEST).await;
        kill_workers_at_random(&mut scene, 3, 200, async |_| {}).await;
        let history = scene.conclude().await;
        let failed = history.ended_as(OperationState::FinishedError);
        assert!(failed > 0, "nothing was running when its worker was killed");
        assert_eq!(failed, history.rescues());
    }

    async fn every_cancellation_is_recorded_and_ends_its_operation(database: TestDatabase) {
        let mut scene = Scene::set("killed, with cancellations", &database.url(), 8).await;
        scene.enqueue(runs(200), 1_000, LONGEST).await;
        kill_workers_at_random(&mut scene, 3, 200, async |scene| {
            let pid = scene.fleet.pid(scene.dice.among(0..scene.fleet.len()));
            scene.cancel_one_of(pid).await;
        })
        .await;
        let history = scene.conclude().await;
        assert!(history.kills() > 0, "nobody was killed");
        let cancelled = history.ended_as(OperationState::Cancelled);
        assert!(cancelled > 0, "nothing was cancelled");
        assert_eq!(cancelled + history.ended_as(OperationState::FinishedOk), history.enqueued.len());
    }

    async fn only_the_last_lines_of_killed_workers_are_lost(database: TestDatabase) {
        let mut scene = Scene::set("killed, with logs", &database.url(), 8).await;
        // A heartbeat is due after a third of the lease; the machine may be busy.
        scene.kept_after = Some(LEASE);
        scene.enqueue(16, 1_000, 6 * LEASE).await;
        scene.fleet.hire();
        scene.fleet.hire();
        for _ in 0..2 {
            let unlucky = scene.fleet.pid(0);
            scene.wait_until("lines that a kill must leave", async |scene| {
                scene.has_logged_before(unlucky, 3 * LEASE / 2).await
            })
            .await;
            scene.fleet.kill(0).await;
            scene.fleet.hire();
        }
        let history = scene.conclude().await;
        assert!(history.kept_of_killed() > 0, "no line of a killed worker is kept");
        assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
    }

    async fn many_workers_never_run_one_operation_at_once(database: TestDatabase) {
        let mut scene = Scene::set("crowded", &database.url(), 16).await;
        scene.enqueue(10 * runs(200), 1_000, Duration::ZERO).await;
        kill_workers_at_random(&mut scene, 8, 1_000, async |_| {}).await;
        let history = scene.conclude().await;
        assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
        assert!(history.kills() > 0, "nobody was killed");
    }
}

/// Kills workers at random points until all is done, and replaces each at once.
///
/// There are so many workers at any time, and at most so many lines between one kill and the next.
///
/// Calls `between` before each kill.
async fn kill_workers_at_random(
    scene: &mut Scene,
    workers: usize,
    lines_max: usize,
    mut between: impl AsyncFnMut(&mut Scene),
) {
    for _ in 0..workers {
        scene.fleet.hire();
    }
    let mut lines = scene.dice.among(1..lines_max);
    while scene.after_lines(lines).await {
        between(scene).await;
        let unlucky = scene.dice.among(0..scene.fleet.len());
        scene.fleet.kill(unlucky).await;
        scene.fleet.hire();
        lines = scene.dice.among(1..lines_max);
    }
}
