use std::time::{Duration, SystemTime, UNIX_EPOCH};

use liveops::{
    LiveOperation, OperationId, Progress, Run, RunResult,
    runner::{Ended, OnEnd},
};
use sea_orm::{DatabaseConnection, EntityTrait};
use serde::{Deserialize, Serialize};

use super::{
    history::{Author, Event, HookCall, Outcome},
    journal::Journal,
    support::rows,
};

/// Takes its steps in three stages, and says in the journal and in all it reports who it is.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Fetch", "Process", "Store")]
#[liveop(app = "faults", state = Journal)]
pub(crate) struct Errand {
    pub(crate) steps: usize,
    pub(crate) step_ms: u64,
    pub(crate) holds_thread: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Errandry {
    pub(crate) by: String,
}

impl Run for Errand {
    type Output = Errandry;

    async fn run(&self, p: Progress<Self>) -> RunResult<Errandry> {
        let by = Author { attempt: p.attempt().0, pid: std::process::id() };
        let mut execution = Execution::begin(p.state().clone(), p.id(), by);
        for stage in [ErrandStage::Fetch, ErrandStage::Process, ErrandStage::Store] {
            p.stage(stage, async {
                for step in p.track(0..self.steps) {
                    p.status(format!("{by} step {}", step?));
                    // The work.
                    let work = Duration::from_millis(self.step_ms);
                    if self.holds_thread {
                        std::thread::sleep(work);
                    } else {
                        tokio::time::sleep(work).await;
                    }
                    p.log(format!("{by} {} is done", execution.steps));
                    execution.step();
                }
                Ok(())
            })
            .await?;
        }
        execution.outcome = Outcome::Done;
        Ok(Errandry { by: by.to_string() })
    }
}

/// Says in the journal that the hook was called, and takes a moment in which its worker may be killed.
pub(crate) fn hook(db: DatabaseConnection, journal: Journal) -> impl OnEnd<Errand> {
    move |ended: Ended<Errand>| {
        let (db, journal) = (db.clone(), journal.clone());
        async move {
            let state = ended.state();
            let row = rows::Entity::find_by_id(ended.id.as_uuid()).one(&db).await?;
            let is_committed = row.is_some_and(|row| {
                row.finished_on == Some(ended.finished_on)
                    && ended.key == format!("{}-{}", row.id, row.attempt)
            });
            let (pid, key) = (std::process::id(), ended.key);
            journal.say(&Event::Hooked(ended.id, HookCall { pid, key, state, is_committed }));
            tokio::time::sleep(Duration::from_millis(ended.id.as_uuid().as_u128() as u64 % 16))
                .await;
            Ok(())
        }
    }
}

/// Says in the journal that an execution began, and that it ended in whichever way.
struct Execution {
    journal: Journal,
    id: OperationId,
    by: Author,
    /// The number of steps so far.
    steps: u32,
    outcome: Outcome,
}

impl Execution {
    fn begin(journal: Journal, id: OperationId, by: Author) -> Self {
        journal.say(&Event::Began(id, by));
        Self { journal, id, by, steps: 0, outcome: Outcome::Dropped }
    }

    fn step(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = now.as_millis().try_into().unwrap();
        self.journal.say(&Event::Stepped(self.id, self.by, self.steps, now));
        self.steps += 1;
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        self.journal.say(&Event::Ended(self.id, self.by, self.outcome));
    }
}
