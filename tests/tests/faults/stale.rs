//! Workers that are paused for longer than their lease, and wake up to what others run by then.

use std::time::Duration;

use liveops::{OperationId, OperationState};

use super::{
    dice::runs,
    history::{Event, History},
    scene::Scene,
    support::database::on_every_database,
};

/// Long enough for the second attempt to be in the middle of its work when the first one wakes up.
const LONGEST: Duration = Duration::from_millis(900);

on_every_database! {
    async fn nothing_of_a_run_that_was_taken_over_is_seen(database: TestDatabase) {
        let mut scene = Scene::set("stale", &database.url(), 8).await;
        scene.enqueue(runs(200), 1_000, LONGEST).await;
        for _ in 0..3 {
            scene.fleet.hire();
        }
        let mut lines = scene.dice.among(1..200);
        while scene.after_lines(lines).await {
            let awake = scene.fleet.awake();
            let sleeper = scene.fleet.stop(awake[scene.dice.among(0..awake.len())]);
            // Who is paused while it writes to SQLite keeps everybody from writing, until it goes on.
            if scene.is_writable().await && is_taken_over(&mut scene, sleeper).await {
                lines = scene.dice.among(1..100);
                scene.after_lines(lines).await;
            }
            scene.fleet.resume(sleeper);
            lines = scene.dice.among(1..200);
        }
        let history = scene.conclude().await;
        assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
        assert!(attempts_alive_at_once(&history) > 0, "nobody woke up to what others run");
    }
}

/// Waits until something that this worker ran has begun anew elsewhere; `false` if it ran nothing, or if
/// all that it ran ended with what it had sent to the database before it was paused.
async fn is_taken_over(scene: &mut Scene, sleeper: u32) -> bool {
    let asleep = scene.running(sleeper).await;
    if asleep.is_empty() {
        return false;
    }
    let ids: Vec<OperationId> = asleep.iter().map(|(id, _)| *id).collect();
    let mut is_taken_over = false;
    scene
        .wait_until("a run to be taken over", async |scene| {
            let have_ended = scene.have_ended(&ids).await;
            let is_later = |event: &Event| match event {
                Event::Began(id, by) => {
                    asleep.iter().any(|(other, attempt)| other == id && *attempt < by.attempt)
                }
                _ => false,
            };
            is_taken_over = scene.journal.events().iter().any(is_later);
            is_taken_over || have_ended
        })
        .await;
    is_taken_over
}

/// How often an attempt went on after a later one had begun.
fn attempts_alive_at_once(history: &History) -> usize {
    let late = history.events.iter().enumerate().filter(|(at, event)| match event {
        Event::Stepped(id, by, ..) | Event::Ended(id, by, _) => {
            history.events[..*at].iter().any(|event| {
                matches!(event, Event::Began(other, later)
                    if other == id && later.attempt > by.attempt)
            })
        }
        _ => false,
    });
    late.count()
}
