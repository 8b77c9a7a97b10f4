//! Workers whose clocks jump, and do not agree.

use std::{collections::HashMap, fs, path::PathBuf, time::Duration};

use chrono::TimeDelta;
use liveops::OperationState;
use sea_orm::EntityTrait;
use tempfile::TempDir;

use super::{
    dice::runs,
    scene::Scene,
    support::{database::on_every_database, need::need, rows},
};

const LONGEST: Duration = Duration::from_millis(200);

/// How far clocks are off at most.
const HOURS_MAX: usize = 12;

on_every_database! {
    async fn clocks_that_jump_cost_no_live_run_its_lease(database: TestDatabase) {
        let Some(mut clocks) = Clocks::find() else { return };
        let mut scene = Scene::set("clocks", &database.url(), 8).await;
        scene.enqueue(runs(200), 1_000, LONGEST).await;
        for _ in 0..3 {
            clocks.hire(&mut scene);
        }
        let mut was_busy_killed = false;
        let mut lines = scene.dice.among(1..50);
        while scene.after_lines(lines).await {
            let index = scene.dice.among(0..scene.fleet.len());
            let is_busy = !scene.running(scene.fleet.pid(index)).await.is_empty();
            // One that is busy, and others as it happens.
            if scene.dice.among(0..5) == 0 || (is_busy && !was_busy_killed) {
                was_busy_killed |= is_busy;
                // Whoever is gone is noticed all the same.
                scene.fleet.kill(index).await;
                clocks.hire(&mut scene);
            } else {
                let hours = scene.dice.among(0..2 * HOURS_MAX);
                clocks.set(scene.fleet.pid(index), hours);
            }
            lines = scene.dice.among(1..50);
        }
        assert!(wrong_times(&scene).await > 0, "no clock was wrong when it was read");
        let history = scene.conclude().await;
        assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
        assert!(history.rescues() > 0, "nobody who was busy was killed");
    }
}

/// A clock for each worker.
struct Clocks {
    library: String,
    folder: TempDir,
    by_pid: HashMap<u32, PathBuf>,
}

impl Clocks {
    /// `None` where no clock can be changed for one process only.
    fn find() -> Option<Self> {
        let library = need("fake time", "LIVEOPS_TEST_FAKETIME")?;
        Some(Self { library, folder: tempfile::tempdir().unwrap(), by_pid: HashMap::new() })
    }

    /// Hires a worker whose clock can be set; it is wrong from the beginning.
    fn hire(&mut self, scene: &mut Scene) {
        let path = self.folder.path().join(self.by_pid.len().to_string());
        write(&path, scene.dice.among(0..2 * HOURS_MAX));
        let pid = scene.fleet.hire_with(&[
            ("LD_PRELOAD", &self.library),
            ("FAKETIME_TIMESTAMP_FILE", path.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            // What counts up evenly goes on to.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]);
        self.by_pid.insert(pid, path);
    }

    fn set(&self, pid: u32, hours: usize) {
        write(&self.by_pid[&pid], hours);
    }
}

/// Makes a clock wrong by so many hours after the earliest that it may show.
fn write(path: &PathBuf, hours: usize) {
    let hours = i64::try_from(hours).unwrap() - i64::try_from(HOURS_MAX).unwrap();
    // In one step, as it is read all the time.
    let new = path.with_extension("new");
    fs::write(&new, format!("{hours:+}h\n")).unwrap();
    fs::rename(new, path).unwrap();
}

/// How many operations started at a time that cannot have been, by the clock of this process.
async fn wrong_times(scene: &Scene) -> usize {
    let rows = rows::Entity::find().all(&scene.db).await.unwrap();
    let hour = TimeDelta::hours(1);
    let off = rows.iter().filter(|row| {
        row.started_on.is_some_and(|started_on| (started_on - row.created_on).abs() >= hour)
    });
    off.count()
}
