//! Commands of the demo in a folder with a database.

use std::{
    fs,
    path::Path,
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Timeout for the other process: far longer than the slowest machine needs.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// A folder with a database.
pub(crate) struct Desk(TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let scores = "student,course,score\nann,ART-1,80\nbob,ART-1,xx\ncid,MATH-2,70\n";
        fs::write(folder.path().join("scores.csv"), scores).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_demo"), arguments)
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(name);
        command.args(arguments).current_dir(self.path()).kill_on_drop(true);
        for name in ["RUST_LOG", "NO_COLOR", "DATABASE_URL", "REDIS_URL", "BIND"] {
            command.env_remove(name);
        }
        command.env("LANGUAGE", "").env("LC_ALL", "C").env("LIVEOPS_GRACE_SECONDS", "1");
        command
    }

    pub(crate) async fn demo(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).stdin(Stdio::null()).output();
        timeout(TIMEOUT, output).await.expect("it ends").unwrap()
    }

    /// Returns the output of a command that succeeds.
    pub(crate) async fn says(&self, arguments: &[&str]) -> String {
        let output = self.demo(arguments).await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Returns the newest operation, with all details.
    pub(crate) async fn newest(&self) -> Value {
        let listed = self.says(&["list", "--limit", "1", "--json"]).await;
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let shown = self.says(&["show", listed["id"].as_str().unwrap(), "--json"]).await;
        serde_json::from_str(&shown).unwrap()
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Starts a command that ignores SIGHUP, as nohup does.
    pub(crate) fn start_without_hangup(&self, arguments: &[&str]) -> Running {
        let shell = ["-c", "trap '' HUP; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_demo")];
        Running::start(self.program("sh", &[&shell, arguments].concat()))
    }

    /// Starts another process that serves or works.
    pub(crate) async fn start_beside(&self, arguments: &[&str]) -> Child {
        let mut child =
            self.command(arguments).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = async {
            while let Some(line) = log.next_line().await.unwrap() {
                if line.contains("http://") || line.contains("working") {
                    return;
                }
            }
            panic!("it ended");
        };
        timeout(TIMEOUT, ready).await.expect("it starts");
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        child
    }
}

/// A run in a background process.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads until the output contains this text.
    pub(crate) async fn reaches(&mut self, text: &str) {
        let reached = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if line.contains(text) {
                    return;
                }
            }
            panic!("it ended without `{text}`");
        };
        timeout(TIMEOUT, reached).await.unwrap_or_else(|_| panic!("it does not say `{text}`"));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    pub(crate) async fn ends(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        timeout(TIMEOUT, self.lines.get_mut().read_to_string(&mut rest)).await.unwrap().unwrap();
        let status = timeout(TIMEOUT, self.child.wait()).await.expect("it ends").unwrap();
        (status, rest)
    }
}

pub(crate) fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
