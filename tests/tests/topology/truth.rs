//! Says what is not as it must be when everything is over.

use std::collections::{BTreeSet, HashMap, HashSet};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use demo::{Demo, Settings};
use liveops::{
    LiveOps, OperationState, RunnerKind,
    store::{ListFilter, Model},
};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{
    job::{Job, Kind},
    ledger::{self, Step},
    page::Page,
    tab::Tab,
};

/// What has become of the operations, as the database says.
pub(crate) struct Truth {
    rows: HashMap<String, Model>,
    steps: HashMap<String, Vec<Step>>,
    pages: RowPages,
}

/// The processes to which something was done.
#[derive(Debug, Default)]
pub(crate) struct Unlucky {
    pub(crate) terminated: HashSet<u32>,
    pub(crate) killed: HashSet<u32>,
}

/// More than any crowd starts.
const ROWS_LEN_MAX: u64 = 1_000_000;

/// What a worker that was killed leaves behind of an operation that may be attempted once.
const LOST: &str = "The worker stopped responding.";

/// What a worker that is asked to go leaves behind of an operation that may be attempted once.
const INTERRUPTED: &str = "Interrupted by a restart.";

/// What can be made of a row; the bar and the regions of an operation's own are only told to pages.
const IN_ROW: [&str; 6] = ["controls", "stages", "status", "result", "traceback", "log"];

impl Truth {
    pub(crate) async fn read(db: &DatabaseConnection, database_url: &str) -> Self {
        let liveops = LiveOps::builder(db.clone()).build().unwrap();
        let rows = liveops.list(&ListFilter::new(), ROWS_LEN_MAX).await.unwrap();
        let owners = rows.iter().map(|row| row.owner.as_str()).collect();
        Self {
            pages: RowPages::of(database_url, owners).await,
            rows: rows.into_iter().map(|row| (row.operation_id().to_string(), row)).collect(),
            steps: ledger::read(db).await,
        }
    }

    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.values().flatten()
    }

    /// How many operations there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What is wrong with the operations that were started, or that nobody started.
    pub(crate) fn wrongs_of_rows(
        &self,
        jobs: &HashMap<String, Job>,
        unlucky: &Unlucky,
    ) -> Vec<String> {
        let mut wrongs = Vec::new();
        let mut expected: HashSet<&str> = HashSet::new();
        for (id, job) in jobs {
            expected.insert(id);
            let Some(row) = self.rows.get(id) else {
                wrongs.push(format!("{id}, {job:?}, is lost"));
                continue;
            };
            let wrong = self.wrong_end(row, *job, unlucky);
            wrongs.extend(wrong.map(|wrong| format!("{id}, {job:?}: {wrong}")));
            if let Some(next) = row.chained_to {
                expected.insert(self.rows.get_key_value(&next.to_string()).unwrap().0);
            }
        }
        for id in self.rows.keys().filter(|id| !expected.contains(id.as_str())) {
            wrongs.push(format!("{id} was never asked for"));
        }
        for (id, row) in &self.rows {
            let kind = jobs.get(id).map(|job| job.kind());
            let failures = kind.map_or(0, Kind::failures);
            let steps = &self.steps[id];
            wrongs.extend(
                wrong_steps(row, steps, failures, unlucky)
                    .into_iter()
                    .map(|wrong| format!("{id}, {kind:?}: {wrong} in {steps:?}")),
            );
        }
        wrongs
    }

    /// What is wrong with the end of an operation.
    fn wrong_end(&self, row: &Model, job: Job, unlucky: &Unlucky) -> Option<String> {
        let found = (row.state(), row.error_message.as_deref(), &row.result_context);
        let kind = job.kind();
        if row.rescues > 0 && kind.attempts_max() == 1 {
            let is_lost = row.state() == OperationState::FinishedError
                && row.error_message.as_deref() == Some(LOST);
            return (!is_lost).then(|| format!("its worker was lost, and it ended as {found:?}"));
        }
        if row.error_message.as_deref() == Some(INTERRUPTED) {
            let end = self.steps[&row.operation_id().to_string()].last();
            let by = end.and_then(Step::run_by);
            let may_be =
                kind.attempts_max() == 1 && by.is_some_and(|by| unlucky.terminated.contains(&by));
            return (!may_be).then(|| format!("it was interrupted by {by:?}: {found:?}"));
        }
        if let Some(message) = kind.error() {
            let is_as_expected = row.state() == OperationState::FinishedError
                && row.error_message.as_deref() == Some(message);
            return (!is_as_expected).then(|| format!("expected an error, found {found:?}"));
        }
        let result = row.result_context.clone().unwrap_or_default();
        let is_as_expected = row.state() == OperationState::FinishedOk
            && match kind {
                Kind::Quick => result == "Done in no time.",
                Kind::Flaky => result.as_str().is_some_and(|text| text.ends_with("went well.")),
                Kind::Import => result == json!({ "label": job.label(), "items": 12 }),
                Kind::Chain => self.is_chained(row, &result, job),
                Kind::Durable => self.is_done_once(row, &result),
                Kind::Failing => unreachable!("it has an error"),
            };
        (!is_as_expected).then(|| format!("ended as {found:?}"))
    }

    fn is_chained(&self, row: &Model, result: &Value, job: Job) -> bool {
        let next = row.chained_to.and_then(|next| self.rows.get(&next.to_string()));
        let Some(next) = next else { return false };
        let arrived = next.result_context == Some(json!(format!("Received: {}", job.label())));
        let was_lost = next.rescues > 0 && next.error_message.as_deref() == Some(LOST);
        let was_interrupted = next.error_message.as_deref() == Some(INTERRUPTED);
        *result == json!(format!("Handed over: {}", job.label()))
            && (arrived || was_lost || was_interrupted)
    }

    /// Once each; where the operation was interrupted, that may have been between a stage and its
    /// being saved.
    fn is_done_once(&self, row: &Model, result: &Value) -> bool {
        let steps = &self.steps[&row.operation_id().to_string()];
        let interruptions = steps.iter().filter(|step| step.is_requeue()).count() as u64;
        ["fetch", "convert", "publish"].into_iter().all(|stage| {
            result[stage].as_u64().is_some_and(|times| (1..=1 + interruptions).contains(&times))
        })
    }

    /// The page of an operation as it is made of nothing but the row.
    pub(crate) async fn page_of_row(&self, tab: &Tab) -> String {
        self.pages.get(self.owner(tab), &tab.path).await
    }

    /// Whose operation a page shows.
    pub(crate) fn owner(&self, tab: &Tab) -> &str {
        &self.rows[&tab.id].owner
    }
}

/// What is wrong with a page that somebody has watched for some time, where the others are what
/// somebody gets who comes now, and what the row says.
pub(crate) fn wrongs_of_page(tab: &Tab, fresh: &str, of_row: &str) -> Vec<String> {
    let mut wrongs = tab.wrongs.clone();
    let fresh = Page::of_container(&tab.id, fresh);
    let of_row = Page::of_container(&tab.id, of_row);
    let names: BTreeSet<&str> = fresh.names().chain(tab.page.names()).collect();
    for name in names {
        let (shown, fresh) = (tab.page.region(name), fresh.region(name));
        if shown != fresh {
            wrongs.push(format!("{}: {name} is\n{shown}\nand not\n{fresh}", tab.path));
        }
        let of_row = of_row.region(name);
        if IN_ROW.contains(&name) && shown != of_row {
            wrongs.push(format!("{}: {name} is\n{shown}\nand in the row\n{of_row}", tab.path));
        }
    }
    let finishes = usize::from(!tab.was_over);
    if tab.finishes != finishes {
        let told = tab.finishes;
        wrongs.push(format!("{} was told of its end {told} times, not {finishes}", tab.path));
    }
    wrongs
}

/// What is wrong with the way to an end.
fn wrong_steps(row: &Model, steps: &[Step], failures: usize, unlucky: &Unlucky) -> Vec<String> {
    let mut wrongs = Vec::new();
    let count = |is: fn(&Step) -> bool| steps.iter().filter(|step| is(step)).count();
    let ends = count(|step| step.after.state.is_terminal());
    if ends != 1 || !steps.last().is_some_and(|step| step.after.state.is_terminal()) {
        wrongs.push(format!("written {ends} times at or after its end"));
    }
    let (claims, requeues) = (count(Step::is_claim), count(Step::is_requeue));
    if claims != 1 + requeues {
        wrongs.push(format!("executed {claims} times, and interrupted {requeues} times"));
    }
    let (hand_backs, rescues) = (count(Step::is_hand_back), count(Step::is_rescue));
    let rescued = steps.iter().filter(|step| step.is_requeue() && step.is_rescue()).count();
    let retries = requeues - hand_backs - rescued;
    // The attempts are counted through: one that was handed back has failed no more.
    if retries > failures || (retries < failures && hand_backs + rescues == 0) {
        wrongs.push(format!("tried again {retries} times, and failed {failures} times"));
    }
    let spent = row.attempt - row.attempts_before;
    if usize::try_from(spent) != Ok(1 + retries + rescued) {
        wrongs.push(format!("{spent} attempts are spent"));
    }
    for step in steps {
        let by = step.run_by();
        let is_among = |pids: &HashSet<u32>| by.is_some_and(|pid| pids.contains(&pid));
        if step.is_hand_back() && !is_among(&unlucky.terminated) {
            wrongs.push(format!("handed back by {by:?}, which was not asked to go"));
        }
        if step.is_rescue() && !is_among(&unlucky.killed) {
            wrongs.push(format!("taken from {by:?}, which is well"));
        }
    }
    wrongs
}

/// The pages as they are made of nothing but the rows: by a process to which no layer has said
/// anything.
struct RowPages {
    router: Router,
    cookies: HashMap<String, String>,
}

impl RowPages {
    async fn of(database_url: &str, owners: HashSet<&str>) -> Self {
        let mut settings = Settings::in_memory();
        settings.database_url = database_url.to_owned();
        settings.runner = RunnerKind::Worker;
        settings.works = false;
        let router = Demo::start(settings).await.unwrap().router();
        let mut cookies = HashMap::new();
        for owner in owners {
            let request = Request::post("/login")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(format!("user={owner}")));
            let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
            let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
            let cookie = cookie.split(';').next().unwrap().to_owned();
            cookies.insert(owner.to_owned(), cookie);
        }
        Self { router, cookies }
    }

    async fn get(&self, owner: &str, path: &str) -> String {
        let request = Request::get(path).header(header::COOKIE, &self.cookies[owner]);
        let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap());
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }
}
