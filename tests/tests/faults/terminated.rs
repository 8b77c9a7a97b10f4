//! Workers that are asked to go while they are busy.

use std::time::Duration;

use liveops::OperationState;

use super::{dice::runs, scene::Scene, support::database::on_every_database};

const LONGEST: Duration = Duration::from_millis(200);

on_every_database! {
    async fn handing_work_back_costs_no_attempt(database: TestDatabase) {
        let mut scene = Scene::set("terminated", &database.url(), 8).await;
        for _ in 0..3 {
            scene.fleet.hire();
        }
        let mut left = runs(200);
        loop {
            // One attempt is all they have.
            let batch = left.min(25);
            scene.enqueue(batch, 1, LONGEST).await;
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
        let history = scene.conclude().await;
        assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
        assert_eq!(history.rescues(), 0);
        assert!(history.hand_backs() > 0, "nobody was busy when asked to go");
    }
}
