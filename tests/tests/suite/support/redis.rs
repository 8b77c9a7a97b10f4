use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use liveops::channel::RedisChannelLayer;
use redis::{AsyncConnectionConfig, FromRedisValue};
use tempfile::TempDir;
use uuid::Uuid;

use super::need::need;
use crate::program::free_port;

/// Where the server is that the tests share; `None` where there is none.
const SHARED: &str = "LIVEOPS_TEST_REDIS_URL";

/// Channels of one test's own on the Redis server that the tests share.
#[derive(Debug)]
pub(crate) struct RedisPrefix {
    url: String,
    prefix: String,
}

impl RedisPrefix {
    /// `None` where there is no server.
    pub(crate) fn new() -> Option<Self> {
        let url = need("Redis", SHARED)?;
        Some(Self { url, prefix: format!("liveops-{}:", Uuid::now_v7().simple()) })
    }

    /// The layer of one more process.
    pub(crate) fn layer(&self) -> RedisChannelLayer {
        RedisChannelLayer::new(&self.url).unwrap().with_prefix(&self.prefix)
    }
}

/// A Redis server of one test's own, to which anything may be done.
#[derive(Debug)]
pub(crate) struct RedisServer {
    folder: TempDir,
    options: Vec<String>,
    port: u16,
    process: Option<Child>,
}

impl RedisServer {
    /// A server that keeps nothing; `None` where there is no Redis.
    pub(crate) fn start() -> Option<Self> {
        Self::with(&[])
    }

    pub(crate) fn with(options: &[&str]) -> Option<Self> {
        need("Redis", SHARED)?;
        let folder = tempfile::tempdir().unwrap();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut server = Self { folder, options, port: 0, process: None };
        // A port that is free now may be taken the next moment.
        for _ in 0..10 {
            server.port = free_port().unwrap();
            server.process = server.spawn();
            if server.process.is_some() {
                return Some(server);
            }
        }
        panic!("redis-server does not start with {:?}", server.options)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}/", self.address())
    }

    /// Kills it, with all it knows.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Has it hang: it accepts connections, and answers nobody.
    pub(crate) fn suspend(&self) {
        let process = self.process.as_ref().expect("it runs").id();
        let done = Command::new("kill").args(["-STOP", &process.to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Starts it anew, empty, where it was.
    pub(crate) fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs");
        self.process = self.spawn();
        assert!(self.process.is_some(), "its port was taken meanwhile");
    }

    /// Takes away the folder that it saves to.
    pub(crate) fn lose_folder(&self) {
        std::fs::remove_dir_all(self.folder.path()).unwrap();
    }

    /// Does what an administrator types.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &str) -> T {
        ask(&self.url(), command).await
    }

    /// `None` if it does not get its port.
    fn spawn(&self) -> Option<Child> {
        let mut process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(self.folder.path())
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        if is_ready(process.stdout.take().unwrap(), "Ready to accept connections") {
            return Some(process);
        }
        process.wait().unwrap();
        None
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Does on the server at `url` what an administrator types.
pub(super) async fn ask<T: FromRedisValue>(url: &str, command: &str) -> T {
    let mut words = command.split(' ');
    let mut command = redis::cmd(words.next().unwrap());
    words.for_each(|word| {
        command.arg(word);
    });
    // It may be busy being slow.
    let patient =
        AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    let client = redis::Client::open(url).unwrap();
    let connection = client.get_multiplexed_async_connection_with_config(&patient).await;
    command.query_async(&mut connection.unwrap()).await.unwrap()
}

/// Reads until the server says that it is `ready`, and then on, or it would stop when the pipe is full.
pub(super) fn is_ready(output: ChildStdout, ready: &str) -> bool {
    let mut lines = BufReader::new(output).lines();
    let is_ready = lines.by_ref().any(|line| line.unwrap().contains(ready));
    thread::spawn(move || lines.for_each(drop));
    is_ready
}
