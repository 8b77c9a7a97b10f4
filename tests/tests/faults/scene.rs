use std::{
    collections::HashSet,
    io::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use liveops::{
    LiveOps, OperationId, RunnerKind,
    channel::{ChannelLayer, MemoryChannelLayer},
    operation::NewOperation,
    runner::CancelOutcome,
    store,
};
use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend,
    EntityTrait, PaginatorTrait, QueryFilter, Statement,
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{
    checker,
    dice::Dice,
    errand::{self, Errand},
    fleet::Fleet,
    gateway::{Gateway, Remote},
    history::{Event, History, Published},
    journal::{Journal, LineCount},
    ledger,
    support::rows,
    worker::Orders,
};

/// How long anything may take that a test waits for.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Long enough for a worker to be heard of on a machine that is busy.
pub(crate) const LEASE: Duration = Duration::from_secs(4);

/// A database, the processes that work on it, and the record of what they do.
pub(crate) struct Scene {
    pub(crate) dice: Dice,
    pub(crate) fleet: Fleet,
    pub(crate) journal: Journal,
    pub(crate) liveops: LiveOps,
    pub(crate) db: DatabaseConnection,
    /// Whether the operations from now on hold their threads while they work.
    pub(crate) holds_threads: bool,
    /// How long before a fault a line is logged for certain to be kept.
    pub(crate) kept_after: Option<Duration>,
    enqueued: Vec<OperationId>,
    cancelled: Vec<OperationId>,
    lines: LineCount,
    name: &'static str,
    database_url: String,
    _gateway: Gateway,
    _folder: TempDir,
}

impl Scene {
    pub(crate) async fn set(name: &'static str, database_url: &str, concurrency: usize) -> Self {
        Self::set_on(MemoryChannelLayer::new(), name, database_url, concurrency).await
    }

    /// A scene whose workers publish on `layer`.
    pub(crate) async fn set_on(
        layer: impl ChannelLayer,
        name: &'static str,
        database_url: &str,
        concurrency: usize,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let orders = Orders {
            database_url: database_url.to_owned(),
            socket: path("gateway"),
            journal: path("journal"),
            lease: LEASE,
            concurrency,
        };
        let journal = Journal::open(orders.journal.clone());
        let gateway = Gateway::serve(&orders.socket, layer, journal.clone());
        let db = store::connect(database_url).await.unwrap();
        // Only enqueues: what runs, runs in processes that something can happen to.
        let liveops = LiveOps::builder(db.clone())
            .state(journal.clone())
            .register::<Errand>()
            .on_end::<Errand>(errand::hook(db.clone(), journal.clone()))
            .config(orders.config())
            .channel_layer(Remote::new(orders.socket.clone()))
            .runner(RunnerKind::Worker)
            .build()
            .unwrap();
        liveops.migrate().await.unwrap();
        ledger::install(&db).await;
        Self {
            dice: Dice::new(),
            fleet: Fleet::new(orders, journal.clone(), folder.path().to_owned()),
            liveops,
            db,
            holds_threads: false,
            kept_after: None,
            enqueued: Vec::new(),
            cancelled: Vec::new(),
            lines: LineCount::of(&journal),
            journal,
            name,
            database_url: database_url.to_owned(),
            _gateway: gateway,
            _folder: folder,
        }
    }

    /// Enqueues operations that take a random time, up to `longest`; without any, one step a stage.
    pub(crate) async fn enqueue(&mut self, count: usize, max_attempts: u32, longest: Duration) {
        for _ in 0..count {
            let steps = if longest.is_zero() { 1 } else { self.dice.among(1..5) };
            let step_ms_max = usize::try_from(longest.as_millis()).unwrap() / (steps * 3);
            let step_ms = self.dice.among(0..step_ms_max.max(1)) as u64;
            let errand = Errand { steps, step_ms, holds_thread: self.holds_threads };
            let mut new = NewOperation::new(&errand, "ann").unwrap();
            new.max_attempts = max_attempts;
            // Nothing is promised of what was not enqueued.
            if let Ok(row) = self.liveops.enqueue_new(new).await {
                self.enqueued.push(row.operation_id());
            }
        }
    }

    /// Waits for `count` more lines in the journal, or until nothing is left to do; `false` then.
    pub(crate) async fn after_lines(&mut self, count: usize) -> bool {
        let until = self.lines.now() + count;
        let mut is_over = false;
        self.wait_until(&format!("line {until}"), async |scene| {
            is_over = scene.is_over().await;
            is_over || scene.lines.now() >= until
        })
        .await;
        !is_over
    }

    /// Whether there is nothing left to do; `false` while the database cannot say.
    async fn is_over(&self) -> bool {
        let unfinished = rows::Entity::find().filter(rows::Column::FinishedOn.is_null());
        unfinished.count(&self.db).await.is_ok_and(|count| count == 0)
    }

    /// Whether the hook of each end has returned.
    async fn is_settled(&self) -> bool {
        let backend = self.db.get_database_backend();
        let count = Statement::from_string(backend, "SELECT COUNT(*) FROM liveops_outbox");
        let row = self.db.query_one_raw(count).await.unwrap().unwrap();
        row.try_get_by_index::<i64>(0).unwrap() == 0
    }

    /// What a worker runs, and which attempt at it, as the rows say.
    pub(crate) async fn running(&self, pid: u32) -> Vec<(OperationId, u32)> {
        let claimed = rows::Entity::find()
            .filter(rows::Column::FinishedOn.is_null())
            .filter(rows::Column::Worker.starts_with(format!("pid-{pid}-")));
        let rows = claimed.all(&self.db).await.unwrap();
        rows.iter().map(|row| (row.id.into(), row.attempt.try_into().unwrap())).collect()
    }

    /// Cancels something that a worker runs, or has just run.
    pub(crate) async fn cancel_one_of(&mut self, pid: u32) {
        let mut running = self.running(pid).await;
        // A second request is the first one again.
        running.retain(|(id, _)| !self.cancelled.contains(id));
        if running.is_empty() {
            return;
        }
        let (id, _) = running[self.dice.among(0..running.len())];
        match self.liveops.cancel(id).await.unwrap() {
            CancelOutcome::Cancelled | CancelOutcome::Requested => self.cancelled.push(id),
            _ => {}
        }
    }

    /// Whether a worker runs something of which it logged a line longer ago than `age`.
    pub(crate) async fn has_logged_before(&self, pid: u32, age: Duration) -> bool {
        let running = self.running(pid).await;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let before = i64::try_from((now - age).as_millis()).unwrap();
        self.journal.events().iter().any(|event| match event {
            Event::Stepped(id, by, _, at) => {
                by.pid == pid && *at < before && running.contains(&(*id, by.attempt))
            }
            _ => false,
        })
    }

    /// Whether all of these have ended.
    pub(crate) async fn have_ended(&self, ids: &[OperationId]) -> bool {
        let ended = rows::Entity::find()
            .filter(rows::Column::Id.is_in(ids.iter().map(|id| id.as_uuid())))
            .filter(rows::Column::FinishedOn.is_not_null());
        ended.count(&self.db).await.unwrap() == ids.len() as u64
    }

    /// Returns `true` if the channel layer has accepted the end of every operation.
    pub(crate) fn ends_are_published(&self) -> bool {
        let ended = self.journal.events().into_iter().filter_map(|event| match event {
            Event::Published(id, _, Published::Finished(_)) => Some(id),
            _ => None,
        });
        let ended: HashSet<OperationId> = ended.collect();
        self.enqueued.iter().all(|id| ended.contains(id))
    }

    /// Whether somebody could write to the database now.
    pub(crate) async fn is_writable(&self) -> bool {
        let backend = self.db.get_database_backend();
        if backend != DbBackend::Sqlite {
            return true;
        }
        let mut options = ConnectOptions::new(&self.database_url);
        options.map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(LEASE / 8));
        let db = Database::connect(options).await.unwrap();
        let is_writable = db.execute_unprepared("BEGIN IMMEDIATE; ROLLBACK").await.is_ok();
        db.close().await.unwrap();
        is_writable
    }

    /// Asks again and again: most of what is waited for happens in other processes.
    pub(crate) async fn wait_until(
        &mut self,
        what: &str,
        mut holds: impl AsyncFnMut(&mut Self) -> bool,
    ) {
        let deadline = Instant::now() + TIMEOUT;
        while !holds(self).await {
            if Instant::now() > deadline {
                let history = self.history().await;
                self.fail(&format!("waited {TIMEOUT:?} for {what}\n{history}"));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn history(&self) -> History {
        History {
            enqueued: self.enqueued.clone(),
            writes: ledger::read(&self.db).await,
            events: self.journal.events(),
            attempts: ledger::attempts(&self.db).await,
            cancelled: self.cancelled.clone(),
            actions: ledger::actions(&self.db).await,
            log: ledger::log(&self.db).await,
            kept_after: self.kept_after,
        }
    }

    /// Waits until every operation has ended, lets the workers go, and checks what they did.
    pub(crate) async fn conclude(mut self) -> History {
        self.wait_until("everything to end", async |scene| scene.is_over().await).await;
        // The workers that ended the last operations may be gone.
        self.fleet.hire();
        self.wait_until("the hooks to return", async |scene| scene.is_settled().await).await;
        // They show the ends that they have committed before they go.
        while self.fleet.len() > 0 {
            let status = self.fleet.terminate(0).await;
            assert!(status.success(), "a worker that was asked to go ended with {status}");
        }
        let history = self.history().await;
        let summary = format!("{}: {history}, seed {}\n", self.name, self.dice.seed());
        // Not `println!`, which is shown of tests that fail only.
        std::io::stderr().write_all(summary.as_bytes()).unwrap();
        let violations = checker::check(&history);
        if !violations.is_empty() {
            let violations: Vec<String> = violations.iter().map(ToString::to_string).collect();
            self.fail(&format!("{summary}{}", violations.join("\n")));
        }
        history
    }

    fn fail(&self, why: &str) -> ! {
        let seed = self.dice.seed();
        panic!("{}, LIVEOPS_FAULTS_SEED={seed}: {why}\n{}", self.name, self.fleet.complaints());
    }
}
