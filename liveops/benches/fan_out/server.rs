use std::{env, process::Stdio};

use liveops::OperationId;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

use crate::{
    Outcome,
    beat::{GO, REST},
    options::Options,
    process::Process,
    script::Show,
    target::Target,
};

/// Which of the two is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Live,
    Bare,
}

/// A server in a process of its own, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    process: Process,
    target: Target,
}

impl Server {
    /// Starts a server, which publishes nothing until it gets the command.
    pub(crate) async fn start(options: &Options, kind: Kind, show: &Show) -> Outcome<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["--hz", &options.hz.to_string()]);
        command.args(["--log-lines", &show.log_lines.to_string()]);
        match kind {
            Kind::Live => command.arg("serve-live"),
            Kind::Bare => command.arg("serve-bare").arg(show.file.path()),
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("a server without an output")?;
        let ready = BufReader::new(stdout).lines().next_line().await?;
        let ready = ready.ok_or("a server did not start")?;
        let (port, operation) = ready.split_once(' ').ok_or("a server said something else")?;
        let operation =
            if operation.is_empty() { OperationId::new() } else { operation.parse()? };
        let process = Process::new(child.id().ok_or("a server has ended")?);
        Ok(Self { child, process, target: Target::new(port.parse()?, operation)? })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// Lets the operation report.
    pub(crate) async fn go(&mut self) -> Outcome<()> {
        self.send(GO).await
    }

    /// Lets the operation be silent.
    pub(crate) async fn rest(&mut self) -> Outcome<()> {
        self.send(REST).await
    }

    async fn send(&mut self, word: &str) -> Outcome<()> {
        let stdin = self.child.stdin.as_mut().ok_or("a server without an input")?;
        stdin.write_all(format!("{word}\n").as_bytes()).await?;
        Ok(stdin.flush().await?)
    }
}
