use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    process::{Child, ChildStdin, Command},
    time::sleep,
};

use super::{
    history::Event,
    journal::Journal,
    worker::{LISTENING, ORDERS, Orders},
};

/// How many lines of each worker's log a test that fails shows.
const COMPLAINTS_LEN_MAX: usize = 12;

/// The worker processes of a test; killed with it.
#[derive(Debug)]
pub(crate) struct Fleet {
    orders: Orders,
    journal: Journal,
    /// Where each worker's log goes.
    logs: PathBuf,
    hired: usize,
    workers: Vec<Worker>,
}

#[derive(Debug)]
struct Worker {
    pid: u32,
    child: Child,
    /// Open for as long as the worker shall live without being asked to go.
    _input: ChildStdin,
    log: PathBuf,
    is_stopped: bool,
}

impl Fleet {
    pub(crate) fn new(orders: Orders, journal: Journal, logs: PathBuf) -> Self {
        Self { orders, journal, logs, hired: 0, workers: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.workers.len()
    }

    /// What the workers complained of last.
    pub(crate) fn complaints(&self) -> String {
        let logs = (0..self.hired).map(|number| {
            let log = fs::read_to_string(self.log_of(number)).unwrap_or_default();
            let complaints = log.lines().filter(|line| !line.contains("  INFO "));
            let complaints: Vec<&str> = complaints.collect();
            let newest = &complaints[complaints.len().saturating_sub(COMPLAINTS_LEN_MAX)..];
            format!("-- worker {number}\n{}\n", newest.join("\n"))
        });
        logs.collect()
    }

    /// How many lines of the workers' logs have this text.
    pub(crate) fn complaints_of(&self, text: &str) -> usize {
        let logs =
            (0..self.hired).filter_map(|number| fs::read_to_string(self.log_of(number)).ok());
        logs.map(|log| log.lines().filter(|line| line.contains(text)).count()).sum()
    }

    pub(crate) fn pid(&self, index: usize) -> u32 {
        self.workers[index].pid
    }

    fn log_of(&self, number: usize) -> PathBuf {
        self.logs.join(format!("worker-{number}.log"))
    }

    /// Starts one more worker, and gives its process id.
    pub(crate) fn hire(&mut self) -> u32 {
        self.hire_with(&[])
    }

    /// The same with something more in its environment.
    pub(crate) fn hire_with(&mut self, environment: &[(&str, &str)]) -> u32 {
        let log_path = self.log_of(self.hired);
        let log = File::create(&log_path).unwrap();
        self.hired += 1;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["worker_process", "--exact", "--ignored", "--nocapture"])
            .env(ORDERS, serde_json::to_string(&self.orders).unwrap())
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let pid = child.id().unwrap();
        self.workers.push(Worker {
            pid,
            _input: child.stdin.take().unwrap(),
            child,
            log: log_path,
            is_stopped: false,
        });
        pid
    }

    /// Kills one of the workers, and lets it rest.
    pub(crate) async fn kill(&mut self, index: usize) {
        let mut worker = self.workers.swap_remove(index);
        worker.child.kill().await.unwrap();
        self.journal.say(&Event::Killed(worker.pid));
    }

    /// Asks one of the workers to go, once it listens, and waits until it has gone.
    pub(crate) async fn terminate(&mut self, index: usize) -> ExitStatus {
        let mut worker = self.workers.swap_remove(index);
        worker.listens().await;
        self.journal.say(&Event::Terminated(worker.pid));
        worker.signal(Signal::SIGTERM);
        worker.child.wait().await.unwrap()
    }

    /// Pauses one of the workers, and gives its process id.
    pub(crate) fn stop(&mut self, index: usize) -> u32 {
        let worker = &mut self.workers[index];
        // Noted first: what the worker says from here on need not be the truth any more.
        self.journal.say(&Event::Stopped(worker.pid));
        worker.signal(Signal::SIGSTOP);
        worker.is_stopped = true;
        worker.pid
    }

    /// Lets a worker go on that was paused.
    pub(crate) fn resume(&mut self, pid: u32) {
        let worker = self.workers.iter_mut().find(|worker| worker.pid == pid).unwrap();
        self.journal.say(&Event::Continued(pid));
        worker.signal(Signal::SIGCONT);
        worker.is_stopped = false;
    }

    /// The workers that are not paused.
    pub(crate) fn awake(&self) -> Vec<usize> {
        (0..self.workers.len()).filter(|index| !self.workers[*index].is_stopped).collect()
    }
}

impl Worker {
    async fn listens(&mut self) {
        let is_listening = |log: &Path| fs::read_to_string(log).unwrap().contains(LISTENING);
        while !is_listening(&self.log) && self.child.try_wait().unwrap().is_none() {
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid.try_into().unwrap()), signal).unwrap();
    }
}
