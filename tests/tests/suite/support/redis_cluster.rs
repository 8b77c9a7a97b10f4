//! A Redis Cluster of a test: three masters, and a replica of each.

use std::sync::{Arc, Weak};

use liveops::channel::RedisChannelLayer;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{
    layer::{LayerOverrides, Overridden},
    redis::RedisServer,
    until::until,
};
use crate::program::free_port;

const MASTERS: usize = 3;
const SLOTS: usize = 16_384;

/// Six servers. The first three were begun as masters, and server `n + 3` as the replica of server `n`.
#[derive(Debug)]
pub(crate) struct RedisCluster {
    servers: Vec<RedisServer>,
}

impl RedisCluster {
    /// A cluster whose replicas are in step; `None` where there is no Redis.
    pub(crate) async fn start() -> Option<Self> {
        let mut servers = Vec::new();
        let mut buses = Vec::new();
        for _ in 0..2 * MASTERS {
            let bus = free_port().unwrap().to_string();
            let options = ["--cluster-enabled", "yes", "--cluster-port", bus.as_str()];
            let timing = ["--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0"];
            servers.push(RedisServer::with(&[options, timing].concat())?);
            buses.push(bus);
        }
        let cluster = Self { servers };
        cluster.form(&buses).await;
        Some(cluster)
    }

    /// One that the tests which change nothing share, while any of them holds it.
    pub(crate) async fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<RedisCluster>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(cluster) = shared.upgrade() {
            return Some(cluster);
        }
        let cluster = Arc::new(Self::start().await?);
        *shared = Arc::downgrade(&cluster);
        Some(cluster)
    }

    /// The layer of one process on a cluster that is shared, with channels of its own.
    pub(crate) async fn shared_layer() -> Option<Overridden<OnShared<Self>>> {
        let servers = Self::shared().await?;
        let layer = RedisChannelLayer::new(&servers.url()).unwrap();
        Some(OnShared::layer(layer, servers))
    }

    /// A URL that names two of the six nodes.
    pub(crate) fn url(&self) -> String {
        format!("redis-cluster://{},{}/", self.servers[0].address(), self.servers[4].address())
    }

    pub(crate) fn servers(&self) -> &[RedisServer] {
        &self.servers
    }

    /// The server that was begun as the master of a key.
    pub(crate) async fn master_of(&self, key: &str) -> usize {
        let slot: usize = self.servers[0].ask(&format!("CLUSTER KEYSLOT {key}")).await;
        slot * MASTERS / SLOTS
    }

    pub(crate) fn kill(&mut self, server: usize) {
        self.servers[server].kill();
    }

    /// Starts a server anew, with what it remembers of the cluster.
    pub(crate) fn start_again(&mut self, server: usize) {
        self.servers[server].start_again();
    }

    /// Waits until the replica of a server that was killed is a master, and every slot is served.
    pub(crate) async fn has_replaced(&self, master: usize) {
        let replica = &self.servers[master + MASTERS];
        until("the replica is a master", async || {
            replica.ask::<String>("INFO replication").await.contains("role:master")
                && replica.ask::<String>("CLUSTER INFO").await.contains("cluster_state:ok")
        })
        .await;
    }

    async fn form(&self, buses: &[String]) {
        let (masters, replicas) = self.servers.split_at(MASTERS);
        for (n, master) in masters.iter().enumerate() {
            let (first, end) = (n * SLOTS / MASTERS, (n + 1) * SLOTS / MASTERS);
            let () = master.ask(&format!("CLUSTER ADDSLOTSRANGE {first} {}", end - 1)).await;
            // Two masters of one epoch would take seconds to agree.
            let () = master.ask(&format!("CLUSTER SET-CONFIG-EPOCH {}", n + 1)).await;
        }
        for (server, bus) in self.servers.iter().zip(buses).skip(1) {
            let (host, port) = (server.address().ip(), server.address().port());
            let () = masters[0].ask(&format!("CLUSTER MEET {host} {port} {bus}")).await;
        }
        self.all_say("cluster_known_nodes:6").await;
        for (master, replica) in masters.iter().zip(replicas) {
            let id: String = master.ask("CLUSTER MYID").await;
            let () = replica.ask(&format!("CLUSTER REPLICATE {id}")).await;
        }
        self.all_say("cluster_state:ok").await;
        for (master, replica) in masters.iter().zip(replicas) {
            until("the replica is in step", async || {
                master.ask::<String>("INFO replication").await.contains("state=online")
                    && replica.ask::<String>("INFO replication").await.contains("link_status:up")
            })
            .await;
            // A node that does not know the replica would not let it take over.
            let id: String = replica.ask("CLUSTER MYID").await;
            for server in &self.servers {
                until("the replica is known", async || {
                    let nodes: String = server.ask("CLUSTER NODES").await;
                    nodes.lines().any(|line| line.starts_with(&id) && line.contains("slave"))
                })
                .await;
            }
        }
    }

    async fn all_say(&self, text: &str) {
        for server in &self.servers {
            until(text, async || server.ask::<String>("CLUSTER INFO").await.contains(text)).await;
        }
    }
}

/// A layer with channels of its own on servers that tests share.
#[derive(Debug)]
pub(crate) struct OnShared<S> {
    layer: RedisChannelLayer,
    _servers: Arc<S>,
}

impl<S> OnShared<S>
where
    Self: LayerOverrides,
{
    pub(super) fn layer(layer: RedisChannelLayer, servers: Arc<S>) -> Overridden<Self> {
        let layer = layer.with_prefix(&format!("liveops-{}:", Uuid::now_v7().simple()));
        Overridden(Self { layer, _servers: servers })
    }
}

impl<S: std::fmt::Debug + Send + Sync + 'static> LayerOverrides for OnShared<S> {
    type Inner = RedisChannelLayer;

    fn inner(&self) -> &RedisChannelLayer {
        &self.layer
    }
}
