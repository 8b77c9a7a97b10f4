use std::{env, io::Read, path::PathBuf, process, thread, time::Duration};

use liveops::{Config, LiveOps, RunnerKind, store};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    errand::{Errand, hook},
    gateway::Remote,
    journal::Journal,
};

/// The environment variable in which a worker finds its orders.
pub(crate) const ORDERS: &str = "LIVEOPS_FAULTS_ORDERS";

/// The environment variable of a worker that does not know the operation type.
pub(crate) const STRANGER: &str = "LIVEOPS_FAULTS_STRANGER";

/// What a worker writes into its log once it can be asked to go.
pub(crate) const LISTENING: &str = "listening to signals";

/// How long a run gets to end by itself when its worker is asked to go: shorter than most take.
const GRACE: Duration = Duration::from_millis(20);

/// What a worker has to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Orders {
    pub(crate) database_url: String,
    pub(crate) socket: PathBuf,
    pub(crate) journal: PathBuf,
    pub(crate) lease: Duration,
    pub(crate) concurrency: usize,
}

impl Orders {
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        config.lease = self.lease;
        config.concurrency_max = self.concurrency;
        config.poll_interval = Duration::from_millis(100);
        // How often an operation may be attempted is all that limits it here.
        config.rescues_max = 1_000;
        config.hand_backs_max = 1_000;
        // Another worker calls a hook again after twice this time.
        config.hook_timeout = Duration::from_secs(1);
        config
    }
}

/// Works until it is killed, asked to go, or left alone.
pub(crate) async fn work() {
    let orders = env::var(ORDERS).expect("the tests start workers, and tell them what to do");
    let orders: Orders = serde_json::from_str(&orders).unwrap();
    leave_with_the_test();
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    let mut terminated = signal(SignalKind::terminate()).unwrap();
    tracing::info!("{LISTENING}");

    let db = store::connect(&orders.database_url).await.unwrap();
    let journal = Journal::open(orders.journal.clone());
    let mut builder = LiveOps::builder(db.clone()).state(journal.clone());
    if env::var_os(STRANGER).is_none() {
        builder = builder.register::<Errand>().on_end::<Errand>(hook(db, journal));
    }
    let liveops = builder
        .config(orders.config())
        .channel_layer(Remote::new(orders.socket))
        .runner(RunnerKind::Worker)
        .build()
        .unwrap();
    liveops.start_worker();
    terminated.recv().await;
    liveops.shutdown(GRACE).await;
    process::exit(0);
}

/// The test holds the other end of this process's input, and lets go of it when it ends.
fn leave_with_the_test() {
    thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        process::exit(1);
    });
}
