use std::{collections::HashMap, io::Write as _};

use liveops::store;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};
use tokio::sync::{Mutex, MutexGuard};

use super::{
    crowd::Crowd,
    fleet::Fleet,
    history::History,
    job::Kind,
    ledger,
    patience::wait_until,
    seen::Seen,
    site::Site,
    support::rows,
    truth::{Truth, Unlucky, wrongs_of_page},
};

/// A deployment, the crowd that uses it, and the record of what happens to both.
pub(crate) struct Scene {
    pub(crate) fleet: Fleet,
    pub(crate) crowd: Crowd,
    history: History,
    unlucky: Unlucky,
    db: DatabaseConnection,
    /// Two crowds at once would only be in each other's way.
    _turn: MutexGuard<'static, ()>,
}

/// What is known when all is over.
pub(crate) struct Outcome {
    pub(crate) history: History,
    pub(crate) seen: Vec<Seen>,
    pub(crate) truth: Truth,
    /// What the processes complained of.
    pub(crate) complaints: String,
}

/// How many things that are wrong are shown.
const WRONGS_SHOWN_MAX: usize = 20;

impl Scene {
    /// `None` where a server is missing.
    pub(crate) async fn set(
        name: &'static str,
        browsers: usize,
        environment: &[(&'static str, &'static str)],
    ) -> Option<Self> {
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let fleet = Fleet::start(2, 3, environment).await?;
        let db = store::connect(&fleet.deployment().database_url()).await.unwrap();
        ledger::install(&db).await;
        let mut history = History::begin(name);
        let crowd = Crowd::gather(&fleet.balancer, browsers).await;
        history.note(format!("{browsers} browsers are there"));
        let unlucky = Unlucky::default();
        Some(Self { fleet, crowd, history, unlucky, db, _turn: turn })
    }

    /// Has the crowd start so many more operations.
    pub(crate) fn start(&mut self, operations: usize) {
        self.crowd.start(operations);
        self.history.note(format!("{operations} more operations asked for"));
    }

    /// Restarts a worker while it runs something.
    pub(crate) async fn restart_worker(&mut self, worker: usize) {
        let running = self.is_busy(worker).await;
        self.history.note(format!(
            "worker {worker} is asked to go, which runs {running} that take seconds"
        ));
        self.unlucky.terminated.insert(self.fleet.worker_pid(worker));
        let status = self.fleet.restart_worker(worker).await;
        assert!(status.success(), "a worker that was asked to go ended with {status}");
        self.history.note(format!("worker {worker} has gone, and another one works"));
    }

    /// Kills a worker while it runs something.
    pub(crate) async fn kill_worker(&mut self, worker: usize) {
        let running = self.is_busy(worker).await;
        self.history
            .note(format!("worker {worker} is killed, which runs {running} that take seconds"));
        self.unlucky.killed.insert(self.fleet.worker_pid(worker));
        self.fleet.replace_worker(worker).await;
        self.history.note(format!("another worker {worker} works"));
    }

    /// Restarts a web process while browsers are connected to it.
    pub(crate) async fn restart_web(&mut self, web: usize) {
        let connected = self.is_visited(web).await;
        self.history.note(format!("web {web} is asked to go, with {connected} browsers"));
        self.history.web_goes(web);
        let status = self.fleet.restart_web(web).await;
        assert!(status.success(), "a web process that was asked to go ended with {status}");
        self.history.note(format!("web {web} has gone, and another one serves"));
    }

    /// Kills a web process while browsers are connected to it.
    pub(crate) async fn kill_web(&mut self, web: usize) {
        let connected = self.is_visited(web).await;
        self.history.note(format!("web {web} is killed, with {connected} browsers"));
        self.history.web_goes(web);
        self.fleet.replace_web(web).await;
        self.history.note(format!("another web {web} serves"));
    }

    /// Waits until a worker runs something that takes seconds, and gives how much.
    async fn is_busy(&self, worker: usize) -> u64 {
        let pid = self.fleet.worker_pid(worker);
        let claimed = rows::Entity::find()
            .filter(rows::Column::FinishedOn.is_null())
            .filter(rows::Column::StartedOn.is_not_null())
            .filter(rows::Column::OpType.is_in([Kind::Durable, Kind::Import].map(Kind::op_type)))
            .filter(rows::Column::Worker.starts_with(format!("pid-{pid}-")));
        let mut running = 0;
        wait_until(format!("worker {worker} to run something"), async || {
            running = claimed.clone().count(&self.db).await.unwrap();
            running > 0
        })
        .await;
        running
    }

    async fn is_visited(&self, web: usize) -> usize {
        let mut connected = 0;
        wait_until(format!("a browser at web {web}"), async || {
            connected = self.crowd.tally.connected(web);
            connected > 0
        })
        .await;
        connected
    }

    /// Waits until all is over, and checks what is left.
    pub(crate) async fn conclude(mut self) -> Outcome {
        self.crowd.have_started_all_but(0).await;
        self.history.note("everything that was asked for is started");
        let unfinished = rows::Entity::find().filter(rows::Column::FinishedOn.is_null());
        wait_until("every operation to end", async || {
            unfinished.clone().count(&self.db).await.unwrap() == 0
        })
        .await;
        self.history.note("every operation has ended");
        self.crowd.see_the_ends().await;
        self.history.note("every page shows the end");
        let tally = self.crowd.tally.clone();
        let seen = self.crowd.go_home().await;
        let database_url = self.fleet.deployment().database_url();
        let truth = Truth::read(&self.db, &database_url).await;
        let mut wrongs = truth.wrongs_of_rows(&tally.jobs(), &self.unlucky);
        wrongs.extend(wrongs_of_pages(&seen, &truth, &self.fleet).await);
        let (statuses, deployment) = self.fleet.stop().await;
        wrongs.extend(
            statuses
                .iter()
                .filter(|status| !status.success())
                .map(|status| format!("a process that was asked to go ended with {status}")),
        );
        let complaints = deployment.complaints();
        let text = self.history.tell(&tally, &seen, &truth);
        // Not `println!`, which is shown of tests that fail only.
        std::io::stderr().write_all(text.as_bytes()).unwrap();
        let shown = wrongs[..wrongs.len().min(WRONGS_SHOWN_MAX)].join("\n");
        assert!(wrongs.is_empty(), "{} are wrong:\n{shown}\n{complaints}", wrongs.len());
        Outcome { history: self.history, seen, truth, complaints }
    }
}

async fn wrongs_of_pages(seen: &[Seen], truth: &Truth, fleet: &Fleet) -> Vec<String> {
    let mut wrongs = Vec::new();
    let mut sites = HashMap::new();
    let mut pages = HashMap::new();
    let tabs = seen
        .iter()
        .enumerate()
        .flat_map(|(number, seen)| seen.tabs.iter().map(move |tab| (number, tab)));
    for (number, tab) in tabs {
        let owner = truth.owner(tab);
        if !sites.contains_key(owner) {
            sites.insert(owner, Site::sign_in(&fleet.balancer, owner).await);
        }
        if !pages.contains_key(&tab.path) {
            let fresh = sites[owner].get(&tab.path);
            let both = tokio::join!(fresh, truth.page_of_row(tab));
            pages.insert(&tab.path, both);
        }
        let (fresh, of_row) = &pages[&tab.path];
        let wrong = wrongs_of_page(tab, fresh, of_row);
        wrongs.extend(wrong.into_iter().map(|wrong| format!("browser {number}: {wrong}")));
    }
    let left = seen.iter().flat_map(|seen| &seen.left);
    wrongs.extend(left.flat_map(|tab| tab.wrongs.clone()));
    wrongs
}
