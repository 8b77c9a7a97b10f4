//! A Redis of a test that sentinels watch: a master, two replicas and three sentinels.

use std::{
    process::{Child, Command, Stdio},
    sync::{Arc, Weak},
};

use liveops::channel::RedisChannelLayer;
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::{
    layer::Overridden,
    redis::{RedisServer, ask, is_ready},
    redis_cluster::OnShared,
    until::until,
};
use crate::program::free_port;

/// The name under which the sentinels know the master.
const MASTER: &str = "main";

#[derive(Debug)]
pub(crate) struct WatchedRedis {
    /// The first was begun as the master.
    servers: Vec<RedisServer>,
    sentinels: Vec<Sentinel>,
}

impl WatchedRedis {
    /// One whose sentinels know each other and the replicas; `None` where there is no Redis.
    pub(crate) async fn start() -> Option<Self> {
        let master = RedisServer::with(&["--repl-diskless-sync-delay", "0"])?;
        let port = master.address().port().to_string();
        let mut servers = vec![master];
        for _ in 0..2 {
            servers.push(RedisServer::with(&["--replicaof", "127.0.0.1", &port])?);
        }
        until("the replicas are in step", async || {
            let replication: String = servers[0].ask("INFO replication").await;
            replication.matches("state=online").count() == 2
        })
        .await;
        let sentinels: Vec<_> = (0..3).map(|_| Sentinel::start(&port)).collect();
        for sentinel in &sentinels {
            until("the sentinel knows all", async || {
                let known: String = ask(&sentinel.url(), "INFO sentinel").await;
                known.contains("status=ok") && known.contains("slaves=2,sentinels=3")
            })
            .await;
        }
        Some(Self { servers, sentinels })
    }

    /// One that the tests which change nothing share, while any of them holds it.
    pub(crate) async fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<WatchedRedis>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(servers) = shared.upgrade() {
            return Some(servers);
        }
        let servers = Arc::new(Self::start().await?);
        *shared = Arc::downgrade(&servers);
        Some(servers)
    }

    /// The layer of one process on servers that are shared, with channels of its own.
    pub(crate) async fn shared_layer() -> Option<Overridden<OnShared<Self>>> {
        let servers = Self::shared().await?;
        let layer = RedisChannelLayer::new(&servers.url()).unwrap();
        Some(OnShared::layer(layer, servers))
    }

    pub(crate) fn servers(&self) -> &[RedisServer] {
        &self.servers
    }

    /// Does on every sentinel what an administrator types.
    pub(crate) async fn ask_sentinels(&self, command: &str) {
        for sentinel in &self.sentinels {
            let () = ask(&sentinel.url(), command).await;
        }
    }

    pub(crate) fn url(&self) -> String {
        let sentinels: Vec<_> =
            self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port)).collect();
        format!("redis-sentinel://{}/?master={MASTER}", sentinels.join(","))
    }

    pub(crate) fn kill_master(&mut self) {
        self.servers[0].kill();
    }
}

#[derive(Debug)]
struct Sentinel {
    port: u16,
    process: Child,
    _folder: TempDir,
}

impl Sentinel {
    fn start(master_port: &str) -> Self {
        // A port that is free now may be taken the next moment.
        for _ in 0..10 {
            let (folder, port) = (tempfile::tempdir().unwrap(), free_port().unwrap());
            let file = folder.path().join("sentinel.conf");
            let settings = format!(
                "port {port}\nbind 127.0.0.1\ndir {}\n\
                 sentinel monitor {MASTER} 127.0.0.1 {master_port} 2\n\
                 sentinel down-after-milliseconds {MASTER} 700\n\
                 sentinel failover-timeout {MASTER} 2000\n",
                folder.path().display(),
            );
            std::fs::write(&file, settings).unwrap();
            let mut process = Command::new("redis-server")
                .arg(&file)
                .arg("--sentinel")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            if is_ready(process.stdout.take().unwrap(), "Sentinel ID is") {
                return Self { port, process, _folder: folder };
            }
            process.wait().unwrap();
        }
        panic!("no sentinel starts")
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        // Neither can fail for a child that nobody waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
