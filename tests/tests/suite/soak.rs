//! Hostile and ordinary users at one server for a long time: `cargo xtask soak`. The ordinary users must be
//! served quickly, and the server must give back memory and file descriptors.

#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use liveops::{
    ChannelName, Config, LiveOps, RunnerKind, SigningKeys, UserId, cli, testing::Socket,
};
use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{app::TestApp, served::SECRET};

/// The variable with the duration in seconds. Without the variable the test does nothing.
const SECONDS: &str = "LIVEOPS_SOAK_SECONDS";

/// The database of the server, which is this program once more.
const DATABASE: &str = "LIVEOPS_SOAK_DATABASE";

const SERVING: &str = "soak server at ";

/// Maximum time for 99 % of the requests of ordinary users beside hostile ones.
const P99_MAX: Duration = Duration::from_secs(1);

/// On a slow machine the same time may be this many times as long as before the attacks.
const SLOWDOWN_MAX: u32 = 5;

/// Maximum memory of the server at any time.
const RSS_MAX_MIB: u64 = 512;

/// Maximum growth of the memory from two fifths of the time to the end, after the last client has left.
const RSS_GROWTH_MAX_MIB: u64 = 64;

/// Maximum number of file descriptors that remain after the last client has left. SQLite connections are opened
/// on demand.
const FDS_LEFT_MAX: usize = 24;

const ORDINARY_USERS: usize = 4;

/// The server.
struct Server {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("soak.sqlite3").display());
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["soak::server", "--exact", "--ignored", "--nocapture"])
            .env(DATABASE, url)
            .env("TMPDIR", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = tokio::task::spawn_blocking(move || {
            let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
                line.split_once(SERVING).map(|(_, address)| address.parse().unwrap())
            });
            // A full pipe would stop the server.
            std::thread::spawn(move || lines.for_each(drop));
            address
        });
        let address = address.await.unwrap().expect("the server says where it listens");
        Self { process, address, _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The resident memory, in MiB.
    fn rss_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
    }

    fn fds(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap().count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the soak test starts it"]
async fn server() {
    let Ok(database) = env::var(DATABASE) else { return };
    let app = TestApp::on(&database, |builder| {
        let mut config = Config::default();
        config.upload_dir = Some(env::temp_dir().join("uploads"));
        let keys = SigningKeys::new([SECRET]).unwrap();
        builder.config(config).signing_keys(keys).runner(RunnerKind::Worker)
    })
    .await;
    app.liveops.start_worker();
    tokio::spawn(prune(app.liveops.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{SERVING}{}", listener.local_addr().unwrap());
    let parent = async {
        let input = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = tokio::task::spawn_blocking(input).await;
    };
    cli::App::new(&app.liveops).router(app.router).serve(listener, parent).await.unwrap();
}

/// Keeps the table small, as an application would.
async fn prune(liveops: LiveOps) {
    let mut pace = interval(Duration::from_secs(5));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        liveops.prune(Duration::from_secs(20)).await.unwrap();
    }
}

/// The answers to the clients.
#[derive(Default)]
struct Seen {
    latencies: Mutex<Vec<Duration>>,
    failures: Mutex<BTreeMap<String, u64>>,
    attacks: AtomicU64,
}

impl Seen {
    async fn timed(
        &self,
        what: &str,
        expected: StatusCode,
        request: reqwest::RequestBuilder,
    ) -> Option<Value> {
        let start = Instant::now();
        let answer = request.send().await;
        let found = match answer {
            Ok(answer) if answer.status() == expected => {
                let body = answer.bytes().await.unwrap_or_default();
                self.latencies.lock().unwrap().push(start.elapsed());
                return Some(serde_json::from_slice(&body).unwrap_or_default());
            }
            Ok(answer) => answer.status().to_string(),
            Err(error) => format!("{error:?}").chars().take(200).collect(),
        };
        *self.failures.lock().unwrap().entry(format!("{what}: {found}")).or_default() += 1;
        None
    }

    /// Returns the number of requests, and the time that 99 % of them took at most.
    fn p99(&self) -> (usize, Duration) {
        let mut latencies = self.latencies.lock().unwrap().clone();
        latencies.sort_unstable();
        let at = (latencies.len() * 99 / 100).min(latencies.len().saturating_sub(1));
        (latencies.len(), latencies.get(at).copied().unwrap_or_default())
    }
}

/// An ordinary user, who reads the list, starts an operation, and reads its page until the operation has ended.
async fn ordinary(url: String, user: String, seen: Arc<Seen>, until: Instant) {
    let client = Client::new();
    let json = |request: reqwest::RequestBuilder| {
        request.header("x-user", user.clone()).header(header::ACCEPT, "application/json")
    };
    while Instant::now() < until {
        let list = client.get(format!("{url}/live/")).header("x-user", user.clone());
        seen.timed("list", StatusCode::OK, list).await;
        let create = json(client.post(format!("{url}/live/test.greeting/")));
        let create = create.json(&json!({ "name": "ann" }));
        let Some(created) = seen.timed("create", StatusCode::CREATED, create).await else {
            continue;
        };
        let path = created["url"].as_str().unwrap_or_default().to_owned();
        for _ in 0..50 {
            let page = json(client.get(format!("{url}{path}")));
            let Some(page) = seen.timed("page", StatusCode::OK, page).await else { break };
            if page["state"] == "FINISHED_OK" {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// The attacks of one hostile user, in turn.
#[derive(Clone, Copy, Debug)]
enum Attack {
    ManyFields,
    LargeBody,
    ManyParts,
    HalfRequests,
    MessageFlood,
    SubscribeFlood,
    UnreadStreams,
    Searches,
    HostileTexts,
    Tokens,
}

const ATTACKS: [Attack; 10] = [
    Attack::ManyFields,
    Attack::LargeBody,
    Attack::ManyParts,
    Attack::HalfRequests,
    Attack::MessageFlood,
    Attack::SubscribeFlood,
    Attack::UnreadStreams,
    Attack::Searches,
    Attack::HostileTexts,
    Attack::Tokens,
];

/// Attacks until the end. Refusals are expected, so answers are ignored.
async fn hostile(attack: Attack, address: SocketAddr, seen: Arc<Seen>, until: Instant) {
    while Instant::now() < until {
        // An attack ends with its connections.
        let _ = timeout(Duration::from_secs(10), strike(attack, address)).await;
        seen.attacks.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(200)).await;
    }
}

async fn strike(attack: Attack, address: SocketAddr) {
    let client = Client::new();
    let post = |path: &str, media: &str, body: String| {
        let request = client.post(format!("http://{address}/live/{path}")).body(body);
        request.header("x-user", "mallory").header(header::CONTENT_TYPE, media).send()
    };
    let form = "application/x-www-form-urlencoded";
    match attack {
        Attack::ManyFields => drop(post("test.greeting/", form, "a&".repeat(200_000)).await),
        Attack::LargeBody => {
            let text = "x".repeat(4 << 20);
            let body = json!({ "name": text }).to_string();
            drop(post("test.greeting/", "application/json", body).await);
        }
        Attack::ManyParts => {
            let part =
                "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n\r\n";
            let body = format!("{}--b--\r\n", part.repeat(2_000));
            drop(post("test.greeting/", "multipart/form-data; boundary=b", body).await);
        }
        Attack::HalfRequests => {
            let mut held = Vec::new();
            for _ in 0..100 {
                let Ok(mut stream) = TcpStream::connect(address).await else { break };
                let _ = stream.write_all(b"GET /live/ HTTP/1.1\r\nHost: a\r\nX-").await;
                held.push(stream);
            }
            sleep(Duration::from_secs(5)).await;
        }
        Attack::MessageFlood => {
            let mut socket = socket(address).await;
            for n in 0..2_000 {
                let text = format!("{{\"type\":\"ack\",\"channel\":\"x{n}\",\"cursor\":\"{n}\"}}");
                if socket.try_send(Message::text(text)).await.is_err() {
                    break;
                }
            }
        }
        Attack::SubscribeFlood => {
            let mut socket = socket(address).await;
            let keys = SigningKeys::new([SECRET]).unwrap();
            for n in 0..300 {
                let channel = ChannelName::operation(liveops::OperationId::new());
                let token = keys.sign(&UserId::from("mallory"), &channel).unwrap();
                let since = format!("1.{n:032x}:{n}");
                let message =
                    json!({ "type": "subscribe", "token": token.as_str(), "since": since });
                if socket.try_send(Message::text(message.to_string())).await.is_err() {
                    break;
                }
            }
        }
        Attack::UnreadStreams => {
            let mut held = Vec::new();
            for _ in 0..70 {
                let request = client.get(format!("http://{address}/live/events"));
                held.push(request.header("x-user", "mallory").send().await);
            }
            sleep(Duration::from_secs(2)).await;
        }
        Attack::Searches => {
            for length in [1, 100, 200, 10_000] {
                let query = format!("?q={}b&sort=created", "a".repeat(length));
                let request = client.get(format!("http://{address}/live/{query}"));
                drop(request.header("x-user", "mallory").send().await);
            }
        }
        Attack::HostileTexts => {
            let text = "\u{1b}]\u{1b}[31m\u{9d}\u{202e}\"<".repeat(4_000);
            drop(
                post("test.greeting/", "application/json", json!({ "name": text }).to_string())
                    .await,
            );
        }
        Attack::Tokens => {
            let channels: Vec<String> =
                (0..500).map(|n| format!("liveop.00000000-0000-0000-0000-{n:012}")).collect();
            let body = json!({ "channels": channels }).to_string();
            drop(post("token", "application/json", body).await);
        }
    }
}

async fn socket(address: SocketAddr) -> Socket {
    Socket::connect(&format!("ws://{address}/live/ws"), &[("x-user", "mallory")]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ordinary_users_are_served_beside_hostile_ones_and_nothing_is_left_behind() {
    let Ok(seconds) = env::var(SECONDS) else { return };
    let duration = Duration::from_secs(seconds.parse().unwrap());
    let server = Server::start().await;
    let seen = Arc::new(Seen::default());
    let (fds_before, start) = (server.fds(), Instant::now());
    let until = start + duration;

    let mut clients = tokio::task::JoinSet::new();
    for n in 0..ORDINARY_USERS {
        clients.spawn(ordinary(server.url(""), format!("user{n}"), seen.clone(), until));
    }
    // The first fifth is without attacks, for comparison.
    let calm = start + duration / 5;
    let mut p99_calm = None;
    let (mut rss_peak, mut rss_warm) = (0, None);
    let mut pace = interval(Duration::from_secs(1));
    let mut last_report = start;
    while Instant::now() < until {
        pace.tick().await;
        let rss = server.rss_mib();
        rss_peak = rss_peak.max(rss);
        if p99_calm.is_none() && Instant::now() >= calm {
            p99_calm = Some(seen.p99().1);
            seen.latencies.lock().unwrap().clear();
            for attack in ATTACKS {
                clients.spawn(hostile(attack, server.address, seen.clone(), until));
            }
        }
        if start.elapsed() >= duration * 2 / 5 {
            rss_warm.get_or_insert(rss);
        }
        if last_report.elapsed() >= Duration::from_secs(30) {
            last_report = Instant::now();
            let (requests, p99) = seen.p99();
            println!(
                "{:>5} s: RSS {rss} MiB, {} fds, {requests} requests, p99 {p99:?}, {} attacks",
                start.elapsed().as_secs(),
                server.fds(),
                seen.attacks.load(Ordering::Relaxed),
            );
        }
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }

    // The server notices the last closed connections soon.
    let left = async {
        while server.fds() > fds_before + FDS_LEFT_MAX {
            sleep(Duration::from_millis(100)).await;
        }
    };
    let is_closed = timeout(Duration::from_secs(60), left).await.is_ok();
    let (requests, p99) = seen.p99();
    let (rss, fds) = (server.rss_mib(), server.fds());
    let rss_warm = rss_warm.unwrap_or(rss);
    let failures = seen.failures.lock().unwrap().clone();
    let p99_calm = p99_calm.unwrap_or_default();
    println!(
        "soak of {duration:?}: {requests} ordinary requests, p99 {p99:?}, before the attacks {p99_calm:?}; RSS \
         {rss_warm} MiB after two fifths, \
         {rss} MiB at the end, peak {rss_peak} MiB; fds {fds_before} before, {fds} after; {} attacks; \
         failures of ordinary users: {failures:?}",
        seen.attacks.load(Ordering::Relaxed),
    );
    assert!(failures.is_empty(), "{failures:?}");
    let p99_max = P99_MAX.max(p99_calm * SLOWDOWN_MAX);
    assert!(requests > 0 && p99 <= p99_max, "p99 {p99:?} of {requests}, before {p99_calm:?}");
    assert!(is_closed, "{fds_before} fds before, {fds} after");
    assert!(rss_peak <= RSS_MAX_MIB, "peak {rss_peak} MiB");
    assert!(rss <= rss_warm + RSS_GROWTH_MAX_MIB, "{rss_warm} MiB, later {rss} MiB");
}
