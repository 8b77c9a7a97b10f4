//! The processes of a deployment.

use std::{
    fs,
    process::ExitStatus,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use reqwest::StatusCode;
use tempfile::TempDir;
use url::Url;

use super::{
    balancer::Balancer,
    patience::wait_until,
    process::Process,
    support::{need::need, postgres::PostgresDatabase},
};

/// What signs cookies and tokens in every process.
const SECRET: &str = "a secret that every process of the fleet has";

/// How many databases a Redis server has unless it is told otherwise.
const REDIS_DATABASES: usize = 16;

/// Web processes and workers over one PostgreSQL database and one Redis database; gone with it.
pub(crate) struct Fleet {
    pub(crate) balancer: Balancer,
    webs: Vec<Web>,
    workers: Vec<Process>,
    deployment: Deployment,
}

#[derive(Debug)]
struct Web {
    address: String,
    process: Process,
}

/// What every process is told.
pub(crate) struct Deployment {
    database: PostgresDatabase,
    redis_url: String,
    environment: Vec<(&'static str, &'static str)>,
    folder: TempDir,
}

impl Deployment {
    /// Without any process, and with an empty database; `None` where a server is missing.
    pub(crate) async fn new(environment: &[(&'static str, &'static str)]) -> Option<Self> {
        static TESTS: AtomicUsize = AtomicUsize::new(0);
        let mut redis_url = Url::parse(&need("Redis", "LIVEOPS_TEST_REDIS_URL")?).unwrap();
        // The first ones are for whoever does not choose.
        let number = REDIS_DATABASES - 1 - TESTS.fetch_add(1, Ordering::Relaxed) % 12;
        redis_url.set_path(&number.to_string());
        Some(Self {
            database: PostgresDatabase::create().await?,
            redis_url: redis_url.into(),
            environment: environment.to_vec(),
            folder: tempfile::tempdir().unwrap(),
        })
    }

    pub(crate) fn database_url(&self) -> String {
        self.database.url()
    }

    /// Starts a process whose log goes behind that of others of this name.
    pub(crate) fn start(&self, name: &str, words: &[&str]) -> Process {
        let database_url = self.database.url();
        let urls = ["--database-url", &database_url, "--redis-url", &self.redis_url];
        let words: Vec<&str> = words.iter().copied().chain(urls).collect();
        let environment = [("SECRET_KEY", SECRET)].into_iter();
        let environment: Vec<_> = environment.chain(self.environment.iter().copied()).collect();
        Process::start(&words, &environment, &self.folder.path().join(format!("{name}.log")))
    }

    /// Makes the tables.
    pub(crate) async fn migrate(&self) {
        let status = self.start("migrate", &["migrate"]).ends().await;
        assert!(status.success(), "the tables were not made: {status}\n{}", self.complaints());
    }

    /// Sets a variable for the processes that are started from now on.
    pub(crate) fn set(&mut self, name: &'static str, value: &'static str) {
        self.environment.retain(|(known, _)| *known != name);
        self.environment.push((name, value));
    }

    /// What the processes have logged, except for what is nothing to worry about.
    pub(crate) fn complaints(&self) -> String {
        let mut logs: Vec<_> =
            fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        logs.sort();
        let mut complaints = String::new();
        for path in logs {
            let log = fs::read(&path).unwrap();
            for line in String::from_utf8_lossy(&log).lines() {
                if !line.contains(" INFO ") {
                    let name = path.file_stem().unwrap().to_string_lossy();
                    complaints.push_str(&format!("{name}: {line}\n"));
                }
            }
        }
        complaints
    }
}

impl Drop for Deployment {
    /// A test that fails says what the processes had to say.
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.complaints());
        }
    }
}

impl Fleet {
    /// Starts so many web processes and workers; `None` where a server is missing.
    pub(crate) async fn start(
        webs: usize,
        workers: usize,
        environment: &[(&'static str, &'static str)],
    ) -> Option<Self> {
        let deployment = Deployment::new(environment).await?;
        deployment.migrate().await;
        let mut served: Vec<Web> = Vec::new();
        for number in 0..webs {
            let mut process = serve(&deployment, number, "127.0.0.1:0");
            let address = process.says("listening on http://").await;
            served.push(Web { address, process });
        }
        let working = (0..workers).map(|number| work(&deployment, number));
        let mut working: Vec<Process> = working.collect();
        for worker in &mut working {
            worker.says("working").await;
        }
        let balancer = Balancer::new(served.iter().map(|web| web.address.clone()));
        Some(Self { balancer, webs: served, workers: working, deployment })
    }

    pub(crate) fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    pub(crate) fn deployment_mut(&mut self) -> &mut Deployment {
        &mut self.deployment
    }

    pub(crate) fn worker_pid(&self, worker: usize) -> u32 {
        self.workers[worker].pid()
    }

    /// Where a web process is.
    pub(crate) fn address(&self, web: usize) -> &str {
        &self.webs[web].address
    }

    /// Restarts a worker as a deployment does.
    pub(crate) async fn restart_worker(&mut self, worker: usize) -> ExitStatus {
        let started = work(&self.deployment, worker);
        let leaving = std::mem::replace(&mut self.workers[worker], started);
        let status = leaving.terminate().await;
        self.workers[worker].says("working").await;
        status
    }

    /// Restarts a web process as a deployment does: it gets nothing new to answer, is asked to go,
    /// and gets something again when it says that it is well.
    pub(crate) async fn restart_web(&mut self, web: usize) -> ExitStatus {
        self.balancer.take_out(web).await;
        let address = self.webs[web].address.clone();
        let leaving = self.webs.remove(web).process;
        let status = leaving.terminate().await;
        let process = serve(&self.deployment, web, &address);
        self.webs.insert(web, Web { address, process });
        self.is_well(web).await;
        self.balancer.take_in(web);
        status
    }

    /// Kills a worker, and starts another one.
    pub(crate) async fn replace_worker(&mut self, worker: usize) {
        let started = work(&self.deployment, worker);
        std::mem::replace(&mut self.workers[worker], started).kill().await;
        self.workers[worker].says("working").await;
    }

    /// Kills a web process, of which nobody is told, and starts another one in its place.
    pub(crate) async fn replace_web(&mut self, web: usize) {
        let address = self.webs[web].address.clone();
        self.webs.remove(web).process.kill().await;
        let process = serve(&self.deployment, web, &address);
        self.webs.insert(web, Web { address, process });
        self.is_well(web).await;
    }

    async fn is_well(&mut self, web: usize) {
        let Web { address, process } = &mut self.webs[web];
        process.says("listening on").await;
        let url = format!("http://{address}/healthz");
        wait_until(format!("{url} to be well"), async || {
            let answer = reqwest::get(&url).await;
            answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
        })
        .await;
    }

    /// Asks every process to go, and waits until they have gone.
    pub(crate) async fn stop(self) -> (Vec<ExitStatus>, Deployment) {
        let mut statuses = Vec::new();
        let webs = self.webs.into_iter().map(|web| web.process);
        for process in webs.chain(self.workers) {
            statuses.push(process.terminate().await);
        }
        (statuses, self.deployment)
    }
}

fn serve(deployment: &Deployment, number: usize, bind: &str) -> Process {
    deployment.start(&format!("web-{number}"), &["serve", "--no-worker", "--bind", bind])
}

fn work(deployment: &Deployment, number: usize) -> Process {
    deployment.start(&format!("worker-{number}"), &["worker", "--concurrency", "32"])
}
