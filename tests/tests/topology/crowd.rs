//! Everybody who uses the site.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::JoinSet,
};

use super::{
    balancer::Balancer,
    browser::{Browser, Order},
    job::Job,
    patience::wait_until,
    seen::Seen,
    site::Site,
    tab::Tab,
};

/// How many browsers one user has: fewer than may be connected to one process.
const BROWSERS_PER_USER: usize = 10;

/// How many browsers open the page of an operation: the one that starts it, and the next one of the
/// same user.
const PAGES_PER_JOB: usize = 2;

/// Browsers that start operations and watch them.
pub(crate) struct Crowd {
    orders: Vec<UnboundedSender<Order>>,
    browsers: JoinSet<Seen>,
    pub(crate) tally: Tally,
    /// How many operations they were told to start.
    jobs: usize,
}

/// What the crowd has done so far. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    started: Mutex<HashMap<String, Job>>,
    /// The pages that show the end.
    ended: AtomicUsize,
    connected: [AtomicUsize; 2],
    connected_max: AtomicUsize,
}

impl Crowd {
    /// So many browsers, which do nothing yet.
    pub(crate) async fn gather(balancer: &Balancer, count: usize) -> Self {
        let tally = Tally::default();
        let (orders, inboxes): (Vec<_>, Vec<_>) =
            (0..count).map(|_| unbounded_channel::<Order>()).unzip();
        let mut browsers = JoinSet::new();
        let mut site = None;
        for (number, inbox) in inboxes.into_iter().enumerate() {
            let (user, place) = (number / BROWSERS_PER_USER, number % BROWSERS_PER_USER);
            let friend = user * BROWSERS_PER_USER + (place + 1) % BROWSERS_PER_USER;
            let friend = orders[friend.min(count - 1)].downgrade();
            if place == 0 {
                site = Some(Site::sign_in(balancer, &format!("user-{user}")).await);
            }
            let site = site.clone().expect("the first browser of a user signs in");
            browsers.spawn(Browser::new(site, inbox, friend, tally.clone()).run());
        }
        Self { orders, browsers, tally, jobs: 0 }
    }

    /// Has them start so many more operations, as soon as each of them can.
    pub(crate) fn start(&mut self, count: usize) {
        for number in self.jobs..self.jobs + count {
            let browser = &self.orders[number % self.orders.len()];
            browser.send(Order::Start(Job(number))).expect("the browser is there");
        }
        self.jobs += count;
    }

    /// Waits until everything that they were told to start has been started, except for so much.
    pub(crate) async fn have_started_all_but(&mut self, rest: usize) {
        let jobs = self.jobs - rest;
        self.wait_until("operations started", |tally| tally.0.started.lock().unwrap().len(), jobs)
            .await;
    }

    /// Waits until each of them watches something.
    pub(crate) async fn are_connected(&mut self) {
        let browsers = self.orders.len();
        let connected = |tally: &Tally| tally.connected(0) + tally.connected(1);
        self.wait_until("browsers connected", connected, browsers).await;
    }

    /// Waits until every page shows the end of its operation, or that it has taken over from one.
    pub(crate) async fn see_the_ends(&mut self) {
        let pages = PAGES_PER_JOB * self.jobs;
        self.wait_until("pages at their end", |tally| tally.0.ended.load(Ordering::SeqCst), pages)
            .await;
    }

    /// Waits until at least so much is counted.
    async fn wait_until(&mut self, what: &str, count: impl Fn(&Tally) -> usize, target: usize) {
        let Self { browsers, tally, .. } = self;
        let what = format!("{target} {what}");
        wait_until(what, async || {
            if let Some(gone) = browsers.try_join_next() {
                panic!("a browser is gone: {:?}", gone.err());
            }
            count(tally) >= target
        })
        .await;
    }

    /// Closes every browser.
    pub(crate) async fn go_home(self) -> Vec<Seen> {
        drop(self.orders);
        self.browsers.join_all().await
    }
}

impl Tally {
    /// The operations that were started, by their ids.
    pub(crate) fn jobs(&self) -> HashMap<String, Job> {
        self.0.started.lock().unwrap().clone()
    }

    /// How many browsers are connected to a web process.
    pub(crate) fn connected(&self, web: usize) -> usize {
        self.0.connected[web].load(Ordering::SeqCst)
    }

    /// How many were connected at once at most.
    pub(crate) fn connected_max(&self) -> usize {
        self.0.connected_max.load(Ordering::SeqCst)
    }

    pub(crate) fn started(&self, job: Job, id: &str) {
        self.0.started.lock().unwrap().insert(id.to_owned(), job);
    }

    pub(crate) fn came(&self, web: usize) {
        self.0.connected[web].fetch_add(1, Ordering::SeqCst);
        let all = self.0.connected.iter().map(|web| web.load(Ordering::SeqCst)).sum();
        self.0.connected_max.fetch_max(all, Ordering::SeqCst);
    }

    pub(crate) fn left(&self, web: usize) {
        self.0.connected[web].fetch_sub(1, Ordering::SeqCst);
    }

    /// Counts a page that shows the end, once.
    pub(crate) fn look_at(&self, tab: &mut Tab) {
        if tab.is_over() && !tab.is_counted {
            tab.is_counted = true;
            self.0.ended.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Another page has taken the place of this one, which may have been opened when its operation was
    /// over and had not led on.
    pub(crate) fn forget(&self, tab: &Tab) {
        self.0.ended.fetch_sub(usize::from(tab.is_counted), Ordering::SeqCst);
    }
}
