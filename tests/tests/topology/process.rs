//! One process of the demo.

use std::{
    env,
    ffi::OsString,
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::{self, ExitCode, ExitStatus, Stdio},
    thread,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    process::{Child, ChildStdin, Command},
    time::timeout,
};

use super::{
    letters,
    patience::{TIMEOUT, wait_until},
};

/// What the demo shall do, as a command line in JSON.
const COMMAND_LINE: &str = "LIVEOPS_TEST_DEMO";

/// Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Open for as long as the process shall live without being asked to go.
    _input: ChildStdin,
    pid: u32,
    log: PathBuf,
    /// How long the log was before this process.
    log_start: usize,
}

/// What a process started here does. It ends when the test does, however that is.
pub(crate) fn be_the_demo() -> ExitCode {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(1);
    });
    let words = env::var(COMMAND_LINE).unwrap();
    let words: Vec<String> = serde_json::from_str(&words).unwrap();
    demo::cli::main_with_operations(words.into_iter().map(OsString::from), letters::register)
}

impl Process {
    /// Starts the demo with these words on its command line and this environment; its log goes behind
    /// what stands in the file.
    pub(crate) fn start(words: &[&str], environment: &[(&str, &str)], log: &Path) -> Self {
        let words: Vec<&str> = ["demo"].iter().chain(words).copied().collect();
        let log_start = fs::read(log).map(|log| log.len()).unwrap_or_default();
        let file = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["demo_process", "--exact", "--ignored", "--nocapture"])
            .env(COMMAND_LINE, serde_json::to_string(&words).unwrap())
            .env("RUST_LOG", "warn,liveops=info,demo=info")
            // Shorter than the long operations take.
            .env("LIVEOPS_GRACE_SECONDS", "2")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let pid = child.id().unwrap();
        let input = child.stdin.take().unwrap();
        Self { child, _input: input, pid, log: log.to_owned(), log_start }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until it has logged this text, and gives what stands behind that on the line.
    pub(crate) async fn says(&mut self, text: &str) -> String {
        let mut found = None;
        wait_until(format!("`{text}` in the log"), async || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("ended with {status} before it said `{text}`: {}", self.log());
            }
            let log = self.log();
            // A line that is complete.
            let said = log.split_once(text).and_then(|(_, rest)| rest.split_once('\n'));
            found = said.map(|(rest, _)| rest.to_owned());
            found.is_some()
        })
        .await;
        found.expect("this is what was waited for")
    }

    fn log(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log[self.log_start..]).into_owned()
    }

    /// Asks it to go, and waits until it has gone.
    pub(crate) async fn terminate(mut self) -> ExitStatus {
        kill(Pid::from_raw(self.pid.try_into().unwrap()), Signal::SIGTERM).unwrap();
        self.ends().await
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ends(&mut self) -> ExitStatus {
        match timeout(TIMEOUT, self.child.wait()).await {
            Ok(status) => status.unwrap(),
            Err(_) => panic!("still there after {TIMEOUT:?}: {}", self.log()),
        }
    }

    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
