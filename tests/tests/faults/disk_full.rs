//! A SQLite file on a disk that is full for a while.

use std::time::Duration;

use liveops::OperationState;
use sea_orm::ConnectionTrait;

use super::{
    dice::runs,
    disk::{SmallDisk, run_where_disks_can_be_mounted},
    scene::Scene,
};

/// Long enough for many to be unfinished when the disk is full.
const LONGEST: Duration = Duration::from_millis(1_500);

/// How often the disk is full.
const TIMES: usize = 3;

/// What SQLite says.
const FULL: &str = "database or disk is full";

#[test]
fn runs_end_when_there_is_space_again() {
    run_where_disks_can_be_mounted("disk_full::runs_end_on_a_small_disk");
}

#[tokio::test]
#[ignore = "`runs_end_when_there_is_space_again` runs it where it can mount a disk"]
async fn runs_end_on_a_small_disk() {
    let runs = runs(200);
    // For the empty database, and for what each operation leaves in it and in the ledger.
    let disk = SmallDisk::mount(16 * (1_024 + runs));
    let mut scene = Scene::set("disk full", &disk.database_url(), 8).await;
    for _ in 0..3 {
        scene.fleet.hire();
    }
    scene.db.execute_unprepared("CREATE TABLE ballast (bytes blob)").await.unwrap();
    for _ in 0..TIMES {
        scene.enqueue(runs / TIMES, 1, LONGEST).await;
        let lines = scene.dice.among(1..100);
        scene.after_lines(lines).await;
        let complaints = scene.fleet.complaints_of(FULL);
        fill(&disk, &scene).await;
        scene
            .wait_until("an end that cannot be written", async |scene| {
                scene.fleet.complaints_of(FULL) > complaints
            })
            .await;
        disk.free();
    }
    let history = scene.conclude().await;
    assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
    assert_eq!(history.rescues(), 0);
}

/// Fills the disk, and then what SQLite has left of its files.
async fn fill(disk: &SmallDisk, scene: &Scene) {
    disk.fill();
    // What many bytes have no space for, a few may have.
    for bytes in [65_536, 1] {
        let ballast = format!("INSERT INTO ballast VALUES (randomblob({bytes}))");
        let error = loop {
            if let Err(error) = scene.db.execute_unprepared(&ballast).await {
                break error.to_string();
            }
        };
        assert!(error.contains(FULL), "{error}");
    }
}
