//! Workers that are killed between the commit of an end, the call of its hook, and the return of the hook.

use std::time::Duration;

use liveops::OperationState;

use super::{dice::runs, scene::Scene, support::database::on_every_database};

on_every_database! {
    async fn each_end_has_its_hook_though_workers_are_killed(database: TestDatabase) {
        let mut scene = Scene::set("hooked", &database.url(), 8).await;
        for _ in 0..3 {
            scene.fleet.hire();
        }
        let kills = runs(200) / 4;
        for _ in 0..kills {
            // An operation is seven lines or more, from its beginning to its hook.
            scene.enqueue(8, 1_000, Duration::ZERO).await;
            let lines = scene.dice.among(1..80);
            scene.after_lines(lines).await;
            let unlucky = scene.dice.among(0..scene.fleet.len());
            scene.fleet.kill(unlucky).await;
            scene.fleet.hire();
        }
        let history = scene.conclude().await;
        assert_eq!(history.kills(), kills);
        assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
        assert!(history.hook_calls() > history.enqueued.len(), "no call was interrupted");
    }
}
