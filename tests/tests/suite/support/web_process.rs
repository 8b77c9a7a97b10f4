//! Web processes that can be killed: this program once more, each serving the application of the tests
//! and running none of its operations.

use std::{
    env,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
};
use liveops::{Config, RunnerKind, SigningKeys, testing::Server};
use tokio::sync::mpsc;

use super::{app::TestApp, served::SECRET};

/// Where a web process finds its database.
const DATABASE: &str = "LIVEOPS_TEST_WEB_PROCESS_DATABASE";

/// What it says, in front of its address, when it serves.
const SERVING: &str = "web process at ";

/// What it says when a page has come to it for a socket.
const ASKED: &str = "web process was asked for a socket";

/// How often it asks quiet pages for a sign of life, and so also the row: no frame comes from the
/// worker's process to these.
const KEEPALIVE: Duration = Duration::from_secs(3);

/// A web process; killed when dropped.
#[derive(Debug)]
pub(crate) struct WebProcess {
    process: Child,
    pub(crate) address: SocketAddr,
    sockets: mpsc::UnboundedReceiver<()>,
}

impl WebProcess {
    /// Starts one on a database whose tables are there, and waits until it serves.
    pub(crate) async fn start(database_url: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["behind_nginx::web_process", "--exact", "--ignored", "--nocapture"])
            .env(DATABASE, database_url)
            // It ends when this program does, however that is.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (asked, sockets) = mpsc::unbounded_channel();
        let (serving, mut addresses) = mpsc::unbounded_channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once(SERVING) {
                    let _ = serving.send(address.parse().unwrap());
                } else if line.contains(ASKED) {
                    let _ = asked.send(());
                }
            }
        });
        let address = addresses.recv().await.expect("it says where it serves");
        Self { process, address, sockets }
    }

    /// Waits until a page asks this process for a socket.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn is_asked_for_a_socket(&mut self) {
        self.sockets.recv().await.expect("the process lives");
    }

    /// With SIGKILL: nobody is told anything.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for WebProcess {
    fn drop(&mut self) {
        // Neither can fail for a child that is still ours to wait for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program of a web process; returns at once where nobody started it as one.
pub(crate) async fn serve() {
    let Ok(database_url) = env::var(DATABASE) else { return };
    let mut config = Config::default();
    config.keepalive = KEEPALIVE;
    let app = TestApp::on(&database_url, |builder| {
        let keys = SigningKeys::new([SECRET]).unwrap();
        builder.config(config).signing_keys(keys).runner(RunnerKind::Worker)
    })
    .await;
    let server = Server::start(app.router.layer(from_fn(tell_of_sockets))).await;
    println!("{SERVING}{}", server.address());
    let parent =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    let _ = parent.await;
}

async fn tell_of_sockets(request: Request, next: Next) -> axum::response::Response {
    if request.uri().path().ends_with("/ws") {
        println!("{ASKED}");
    }
    next.run(request).await
}
