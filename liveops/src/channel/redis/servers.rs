//! The addresses of Redis: one server, a master that Redis Sentinel knows, or a Redis Cluster. Parses URLs
//! and connects.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, FromRedisValue,
    IntoConnectionInfo, RedisError, RedisResult, ScriptInvocation, TlsMode, Value,
    aio::{MultiplexedConnection, PubSub},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    sentinel::{SentinelClientBuilder, SentinelServerType},
};
use tokio::time;
use uuid::Uuid;

/// Timeout for connecting to a server, and for each answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

/// Timeout for finding the master or the nodes, and for connecting. A sentinel or a node that does not answer
/// costs one second of it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Timeout for connecting to one node of a cluster, so that a node that is gone leaves time for the others.
const NODE_TIMEOUT: Duration = Duration::from_secs(1);

/// Number of times that the cluster client repeats a request, and the bounds of its pauses in milliseconds.
/// A repeated publication has no effect; see `publish.lua`.
const RETRIES: u32 = 4;
const RETRY_WAIT: (u64, u64) = (50, 400);

const SENTINEL_PORT: u16 = 26_379;

/// The servers of a layer.
#[derive(Debug)]
pub(super) enum Servers {
    Single(Client),
    Sentinel(Box<SentinelServers>),
    Cluster(ClusterServers),
}

/// A connection for requests. Concurrent requests share the connection.
#[derive(Clone)]
pub(super) enum RequestConnection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// The sentinels of a master.
pub(super) struct SentinelServers {
    sentinels: Vec<ConnectionAddr>,
    master: String,
    sentinel_user: Option<String>,
    sentinel_password: Option<String>,
    /// The settings of connections to the master. Its address is that of a sentinel.
    server: ConnectionInfo,
}

/// The nodes of a cluster.
#[derive(Debug)]
pub(super) struct ClusterServers {
    /// The nodes of the URL.
    seeds: Vec<ConnectionInfo>,
    /// The nodes that a node reported last.
    known: Mutex<Vec<ConnectionAddr>>,
    /// Selects the node for the next subscription connection.
    next: AtomicUsize,
}

impl Servers {
    pub(super) fn parse(url: &str) -> RedisResult<Self> {
        let parts = url.split_once("://").and_then(|(scheme, rest)| {
            Some(match scheme {
                "redis-cluster" => (true, Several::parse("redis", rest)),
                "rediss-cluster" => (true, Several::parse("rediss", rest)),
                "redis-sentinel" => (false, Several::parse("redis", rest)),
                "rediss-sentinel" => (false, Several::parse("rediss", rest)),
                _ => return None,
            })
        });
        match parts {
            None => Client::open(url).map(Self::Single),
            Some((true, several)) => several?.cluster().map(Self::Cluster),
            Some((false, several)) => several?.sentinel().map(|it| Self::Sentinel(Box::new(it))),
        }
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    /// Opens a connection for requests.
    pub(super) async fn connect(&self) -> RedisResult<RequestConnection> {
        match self {
            Self::Cluster(cluster) => cluster.connect().await.map(RequestConnection::Cluster),
            Self::Single(client) => connect(client).await.map(RequestConnection::Single),
            Self::Sentinel(sentinel) => {
                connect(&sentinel.client().await?).await.map(RequestConnection::Single)
            }
        }
    }

    /// Opens a connection for subscriptions. In a cluster, every node delivers the publications of all nodes.
    pub(super) async fn subscriber(&self) -> RedisResult<PubSub> {
        let client = match self {
            Self::Single(client) => client.clone(),
            Self::Sentinel(sentinel) => sentinel.client().await?,
            Self::Cluster(cluster) => cluster.next_node().await?,
        };
        in_time(TIMEOUT, client.get_async_pubsub()).await
    }
}

async fn connect(client: &Client) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT));
    client.get_multiplexed_async_connection_with_config(&config).await
}

impl RequestConnection {
    pub(super) async fn invoke<T: FromRedisValue>(
        &mut self,
        script: &ScriptInvocation<'_>,
    ) -> RedisResult<T> {
        match self {
            Self::Single(connection) => script.invoke_async(connection).await,
            Self::Cluster(connection) => script.invoke_async(connection).await,
        }
    }

    pub(super) async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::Single(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }
}

impl fmt::Debug for SentinelServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the password of the sentinels.
        f.debug_struct("SentinelServers")
            .field("sentinels", &self.sentinels)
            .field("master", &self.master)
            .finish_non_exhaustive()
    }
}

impl SentinelServers {
    /// Asks the sentinels for the master, and asks the master for its role.
    async fn client(&self) -> RedisResult<Client> {
        let settings = self.server.redis_settings();
        let tls = match self.server.addr() {
            ConnectionAddr::TcpTls { insecure: true, .. } => Some(TlsMode::Insecure),
            ConnectionAddr::TcpTls { .. } => Some(TlsMode::Secure),
            _ => None,
        };
        let sentinels = self.sentinels.iter().cloned();
        let mut builder =
            SentinelClientBuilder::new(sentinels, &self.master, SentinelServerType::Master)?
                .set_client_to_redis_db(settings.db())
                .set_client_to_redis_protocol(settings.protocol());
        if let Some(tls) = tls {
            builder =
                builder.set_client_to_redis_tls_mode(tls).set_client_to_sentinel_tls_mode(tls);
        }
        if let Some(user) = settings.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = settings.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(user) = &self.sentinel_user {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = &self.sentinel_password {
            builder = builder.set_client_to_sentinel_password(password);
        }
        let mut sentinel = builder.build()?;
        in_time(CONNECT_TIMEOUT, sentinel.async_get_client()).await
    }
}

impl ClusterServers {
    async fn connect(&self) -> RedisResult<ClusterConnection> {
        let (wait_min, wait_max) = RETRY_WAIT;
        let client = ClusterClient::builder(self.nodes())
            .connection_timeout(NODE_TIMEOUT)
            .response_timeout(TIMEOUT)
            .overall_response_timeout(Some(TIMEOUT))
            .retries(RETRIES)
            .min_retry_wait(wait_min)
            .max_retry_wait(wait_max)
            .build()?;
        in_time(CONNECT_TIMEOUT, client.get_async_connection()).await
    }

    /// Returns a client for one node, another one with each call, and asks it for the nodes of its cluster.
    async fn next_node(&self) -> RedisResult<Client> {
        let nodes = self.nodes();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(node) = nodes.get(number % nodes.len().max(1)) else {
            return Err((ErrorKind::ClusterConnectionNotFound, "the cluster has no nodes").into());
        };
        let client = Client::open(node.clone())?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(NODE_TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let slots: Value = redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut connection).await?;
        *self.known() = addresses(&slots, node.addr());
        Ok(client)
    }

    /// Returns the nodes that the cluster reported, followed by the nodes of the URL.
    fn nodes(&self) -> Vec<ConnectionInfo> {
        let known = self.known().clone();
        let settings = self.seeds.first();
        let of_known = |address| settings.map(|seed| seed.clone().set_addr(address));
        let mut nodes: Vec<_> = known.into_iter().filter_map(of_known).collect();
        let seeds =
            self.seeds.iter().filter(|seed| nodes.iter().all(|it| it.addr() != seed.addr()));
        let seeds: Vec<_> = seeds.cloned().collect();
        nodes.extend(seeds);
        nodes
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Vec<ConnectionAddr>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the addresses in the answer of `CLUSTER SLOTS` by the node at `asked`. A node that does not know
/// its own name reports none; it is then the name under which it was asked.
fn addresses(slots: &Value, asked: &ConnectionAddr) -> Vec<ConnectionAddr> {
    fn list(value: &Value) -> &[Value] {
        match value {
            Value::Array(items) => items,
            _ => &[],
        }
    }
    let own_host = match asked {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host.as_str(),
        _ => "",
    };
    let mut found: Vec<ConnectionAddr> = Vec::new();
    for node in list(slots).iter().flat_map(|range| list(range).iter().skip(2)) {
        let [host, port, ..] = list(node) else { continue };
        let Ok(port) = redis::from_redis_value::<u16>(port.clone()) else { continue };
        let host: String = redis::from_redis_value(host.clone()).unwrap_or_default();
        let host = if host.is_empty() || host == "?" { own_host.to_owned() } else { host };
        let address = at(asked, host, port);
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

/// Returns the address of another server that is reached in the same way as `like`.
fn at(like: &ConnectionAddr, host: String, port: u16) -> ConnectionAddr {
    match like {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host, port),
    }
}

/// A URL with several hosts, as one URL for each host.
struct Several {
    urls: Vec<String>,
    /// The query of the URL, by name.
    options: Vec<(String, String)>,
}

impl Several {
    /// Parses `[user:password@]host[:port],…[/database][?option=value&…]`.
    fn parse(scheme: &str, rest: &str) -> RedisResult<Self> {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (format!("{credentials}@"), hosts),
            None => (String::new(), authority),
        };
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        let url_of = |host: &str| format!("{scheme}://{credentials}{host}{path}");
        let urls: Vec<String> = hosts.split(',').map(url_of).collect();
        let options = redis::parse_redis_url(&format!("redis://localhost/?{query}"));
        let options = options.ok_or_else(|| invalid("the query of the URL cannot be read"))?;
        let options = options.query_pairs().map(|(name, value)| (name.into(), value.into()));
        Ok(Self { urls, options: options.collect() })
    }

    fn cluster(mut self) -> RedisResult<ClusterServers> {
        self.reject_unknown_options()?;
        let seeds: Vec<_> = self
            .urls
            .iter()
            .map(|url| url.as_str().into_connection_info())
            .collect::<RedisResult<_>>()?;
        if seeds.iter().any(|seed| seed.redis_settings().db() != 0) {
            return Err(invalid("a Redis Cluster has no database but 0"));
        }
        // Processes begin with different nodes.
        let next = AtomicUsize::new(usize::from(Uuid::now_v7().as_bytes()[15]));
        Ok(ClusterServers { seeds, known: Mutex::default(), next })
    }

    fn sentinel(mut self) -> RedisResult<SentinelServers> {
        let master = self.take_option("master").filter(|name| !name.is_empty());
        let master = master.ok_or_else(|| {
            invalid("the URL of sentinels needs the name of the master: ?master=mymaster")
        })?;
        let (sentinel_user, sentinel_password) =
            (self.take_option("sentinel-user"), self.take_option("sentinel-password"));
        self.reject_unknown_options()?;
        let mut servers = Vec::new();
        for url in &self.urls {
            let port = redis::parse_redis_url(url).and_then(|url| url.port());
            let server = url.as_str().into_connection_info()?;
            let host = match server.addr() {
                ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host.clone(),
                _ => return Err(invalid("a sentinel has a host and a port")),
            };
            let address = at(server.addr(), host, port.unwrap_or(SENTINEL_PORT));
            servers.push(server.set_addr(address));
        }
        let sentinels = servers.iter().map(|server| server.addr().clone()).collect();
        let server = servers.pop().ok_or_else(|| invalid("the URL names no sentinel"))?;
        Ok(SentinelServers { sentinels, master, sentinel_user, sentinel_password, server })
    }

    fn take_option(&mut self, name: &str) -> Option<String> {
        let at = self.options.iter().position(|(known, _)| known == name)?;
        Some(self.options.swap_remove(at).1)
    }

    fn reject_unknown_options(&mut self) -> RedisResult<()> {
        self.options.retain(|(name, _)| !name.is_empty());
        match self.options.first() {
            None => Ok(()),
            Some((name, _)) => {
                Err((ErrorKind::InvalidClientConfig, "the URL has an unknown option", name.clone())
                    .into())
            }
        }
    }
}

fn invalid(reason: &'static str) -> RedisError {
    (ErrorKind::InvalidClientConfig, reason).into()
}

/// Returns the answer, or an error after `limit`.
pub(super) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = RedisResult<T>>,
) -> RedisResult<T> {
    match time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_elapsed) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(url: &str) -> ClusterServers {
        match Servers::parse(url).unwrap() {
            Servers::Cluster(cluster) => cluster,
            other => panic!("expected a cluster, found {other:?}"),
        }
    }

    fn sentinel(url: &str) -> SentinelServers {
        match Servers::parse(url).unwrap() {
            Servers::Sentinel(sentinel) => *sentinel,
            other => panic!("expected sentinels, found {other:?}"),
        }
    }

    fn tcp(host: &str, port: u16) -> ConnectionAddr {
        ConnectionAddr::Tcp(host.to_owned(), port)
    }

    #[test]
    fn a_cluster_has_any_number_of_nodes() {
        let one = cluster("redis-cluster://redis.example");
        assert_eq!(one.seeds[0].addr(), &tcp("redis.example", 6_379));
        let three = cluster("redis-cluster://live:s%2Ccret@a:7000,b:7001,[::1]:7002/");
        let addresses: Vec<_> = three.seeds.iter().map(|seed| seed.addr().clone()).collect();
        assert_eq!(addresses, [tcp("a", 7_000), tcp("b", 7_001), tcp("::1", 7_002)]);
        for seed in &three.seeds {
            assert_eq!(seed.redis_settings().username(), Some("live"));
            assert_eq!(seed.redis_settings().password(), Some("s,cret"));
        }
        let secure = cluster("rediss-cluster://a,b");
        assert!(
            secure
                .seeds
                .iter()
                .all(|seed| matches!(seed.addr(), ConnectionAddr::TcpTls { insecure: false, .. }))
        );
    }

    #[test]
    fn sentinels_have_a_master_and_their_own_users() {
        let url = "redis-sentinel://live:secret@a,b:7001/3?master=main&sentinel-user=s&sentinel-password=t%26";
        let found = sentinel(url);
        assert_eq!(found.sentinels, [tcp("a", SENTINEL_PORT), tcp("b", 7_001)]);
        assert_eq!(found.master, "main");
        assert_eq!(found.server.redis_settings().db(), 3);
        assert_eq!(found.server.redis_settings().password(), Some("secret"));
        assert_eq!(found.sentinel_user.as_deref(), Some("s"));
        assert_eq!(found.sentinel_password.as_deref(), Some("t&"));
        let secure = sentinel("rediss-sentinel://a?master=main");
        assert!(matches!(secure.sentinels[0], ConnectionAddr::TcpTls { port: SENTINEL_PORT, .. }));
        assert!(secure.sentinel_user.is_none());
    }

    #[test]
    fn a_url_that_would_be_misread_is_refused() {
        for (url, reason) in [
            ("redis-cluster://", "host"),
            ("redis-cluster://a,,b", "host"),
            ("redis-cluster://a/1", "database"),
            ("redis-cluster://a?master=main", "unknown option"),
            ("redis-sentinel://a", "name of the master"),
            ("redis-sentinel://a?master=", "name of the master"),
            ("redis-sentinel://a?master=main&user=x", "unknown option"),
            ("redis-sentinel://a:port?master=main", ""),
            ("redis-cluster+unix:///tmp/redis", ""),
        ] {
            let error = Servers::parse(url).expect_err(url).to_string();
            assert!(error.contains(reason), "{url}: {error}");
        }
    }

    #[test]
    fn the_nodes_of_a_cluster_are_those_that_it_reports() {
        let node = |host: &str, port: i64| {
            Value::Array(vec![Value::BulkString(host.into()), Value::Int(port), Value::Nil])
        };
        let range =
            |nodes: Vec<Value>| Value::Array([vec![Value::Int(0), Value::Int(1)], nodes].concat());
        let slots = Value::Array(vec![
            range(vec![node("10.0.0.1", 1), node("10.0.0.2", 2)]),
            range(vec![node("", 3), node("10.0.0.1", 1)]),
        ]);
        let servers = cluster("redis-cluster://seed:7");
        let seed = servers.seeds[0].addr().clone();
        *servers.known() = addresses(&slots, &seed);
        let nodes: Vec<_> = servers.nodes().iter().map(|node| node.addr().clone()).collect();
        assert_eq!(nodes, [tcp("10.0.0.1", 1), tcp("10.0.0.2", 2), tcp("seed", 3), seed]);
    }
}
