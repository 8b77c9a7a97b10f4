//! The started process with the operations.

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
};

use liveops::{ChannelName, UserId};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    Outcome,
    process::Process,
    served::{self, VIEWER},
};

/// A process with operations that run. The process ends when this value is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    _child: Child,
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    /// A subscription message for each operation.
    pub(crate) subscriptions: Vec<String>,
}

impl Server {
    /// Starts a process and waits until each of its operations runs.
    pub(crate) async fn start(operations: usize, hz: u32) -> Outcome<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["serve", &operations.to_string(), &hz.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no output")?;
        let ready = BufReader::new(stdout).lines().next_line().await?;
        let ready = ready.ok_or("the server did not start")?;
        let mut words = ready.split(' ');
        let port: u16 = words.next().ok_or("the server sent no port")?.parse()?;
        let (keys, viewer) = (served::keys()?, UserId::from(VIEWER));
        let subscription = |id: &str| -> Outcome<String> {
            let token = keys.sign(&viewer, &ChannelName::operation(id.parse()?))?;
            Ok(format!(r#"{{"type":"subscribe","token":"{}"}}"#, token.as_str()))
        };
        Ok(Self {
            subscriptions: words.map(subscription).collect::<Outcome<_>>()?,
            process: Process::new(child.id().ok_or("the server has ended")?),
            address: (Ipv4Addr::LOCALHOST, port).into(),
            _child: child,
        })
    }
}
