//! Workers that do not know the operation type of the others, and outlive them.

use std::time::Duration;

use liveops::OperationState;

use super::{dice::runs, scene::Scene, support::database::on_every_database, worker::STRANGER};

const LONGEST: Duration = Duration::from_millis(120);

/// How many workers that know the type are killed: each rescue takes a lease.
const KILLS: usize = 4;

on_every_database! {
    async fn what_nobody_knows_any_more_ends_or_waits_for_somebody_who_does(database: TestDatabase) {
        let mut scene = Scene::set("strangers", &database.url(), 8).await;
        // In turns, so that every worker that is killed runs both kinds.
        for _ in 0..runs(200) / 8 {
            scene.enqueue(4, 1, LONGEST).await;
            scene.enqueue(4, 1_000, LONGEST).await;
        }
        for _ in 0..2 {
            scene.fleet.hire_with(&[(STRANGER, "1")]);
        }
        // Each is killed before another one is there that knows the type: strangers rescue its runs.
        for _ in 0..KILLS {
            let pid = scene.fleet.hire();
            let lines = scene.dice.among(50..150);
            if !scene.after_lines(lines).await {
                break;
            }
            let orphans = scene.running(pid).await;
            scene.fleet.kill(scene.fleet.len() - 1).await;
            scene
                .wait_until("strangers to rescue the runs", async |scene| {
                    let left = scene.running(pid).await;
                    !orphans.iter().any(|orphan| left.contains(orphan))
                })
                .await;
        }
        scene.fleet.hire();
        let history = scene.conclude().await;
        let [finished, failed] = [OperationState::FinishedOk, OperationState::FinishedError]
            .map(|end| history.ended_as(end));
        assert_eq!(finished + failed, history.enqueued.len());
        assert!(failed > 0, "no run with one attempt was rescued");
        assert!(history.rescues() > failed, "no run with attempts left was rescued");
    }
}
