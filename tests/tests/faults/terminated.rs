//! Workers that are asked to go while they are busy.

use std::{collections::HashSet, time::Duration};

use liveops::OperationState;

use super::{
    dice::runs,
    history::{Event, History},
    scene::Scene,
    support::database::on_every_database,
};

const LONGEST: Duration = Duration::from_millis(200);

/// Asks one worker after another to go while it is busy, and hires others.
async fn with_workers_that_go(mut scene: Scene, max_attempts: u32) -> History {
    for _ in 0..3 {
        scene.fleet.hire();
    }
    let mut left = runs(200);
    loop {
        let batch = left.min(25);
        scene.enqueue(batch, max_attempts, LONGEST).await;
        left -= batch;
        let lines = scene.dice.among(1..150);
        if !scene.after_lines(lines).await && left == 0 {
            break;
        }
        let leaver = scene.dice.among(0..scene.fleet.len());
        scene.fleet.hire();
        let status = scene.fleet.terminate(leaver).await;
        assert!(status.success(), "a worker that was asked to go ended with {status}");
    }
    scene.conclude().await
}

/// Checks that nothing was begun twice, and that each operation has finished or was interrupted.
#[track_caller]
fn nothing_begins_twice(history: &History) {
    let mut begun = HashSet::new();
    for event in &history.events {
        if let Event::Began(id, by) = event {
            assert!(begun.insert(*id), "{by} began {id} once more");
        }
    }
    let [finished, interrupted] = [OperationState::FinishedOk, OperationState::FinishedError]
        .map(|end| history.ended_as(end));
    assert_eq!(finished + interrupted, history.enqueued.len());
    assert!(finished > 0 && interrupted > 0, "{finished} finished, {interrupted} were interrupted");
    assert_eq!(history.rescues(), 0);
}

on_every_database! {
    async fn handing_work_back_costs_no_attempt(database: TestDatabase) {
        // A hand-back needs an attempt that is left, and does not use it.
        let history = with_workers_that_go(Scene::set("terminated", &database.url(), 8).await, 2).await;
        assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
        assert_eq!(history.rescues(), 0);
        assert!(history.hand_backs() > 0, "nobody was busy when asked to go");
    }

    async fn what_may_be_attempted_once_is_interrupted_and_begins_nowhere_else(database: TestDatabase) {
        let scene = Scene::set("interrupted", &database.url(), 8).await;
        nothing_begins_twice(&with_workers_that_go(scene, 1).await);
    }

    async fn runs_that_hold_their_threads_are_begun_nowhere_else(database: TestDatabase) {
        let mut scene = Scene::set("held threads", &database.url(), 8).await;
        scene.holds_threads = true;
        let history = with_workers_that_go(scene, 2).await;
        assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
        assert_eq!(history.rescues(), 0);
    }
}
