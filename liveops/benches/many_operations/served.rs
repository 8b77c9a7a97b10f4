//! The process with the operations.

use std::{convert::Infallible, net::Ipv4Addr, time::Duration};

use axum::{extract::FromRequestParts, http::request::Parts, serve::ListenerExt};
use liveops::{
    Config, LiveOperation, LiveOps, OperationState, Progress, Run, RunResult, RunnerKind,
    SigningKeys, Viewer,
    store::{self, ListFilter},
    web,
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::AsyncReadExt,
    net::{TcpSocket, TcpStream},
    time::{self, MissedTickBehavior},
};

use crate::{Outcome, stamp::Stamp};

pub(crate) const VIEWER: &str = "ann";

/// Number of connections that may wait to be accepted. With fewer, the system drops some of those that come
/// at the same time, whose clients try again after a second.
const BACKLOG: u32 = 4_096;

/// Reports the time and a percentage at a fixed rate, without end.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "bench", title = "Clock")]
struct Clock {
    hz: u32,
}

impl Run for Clock {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let mut ticks = time::interval(Duration::from_secs(1) / self.hz);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        for number in 0_u32.. {
            ticks.tick().await;
            p.status(format!("{} working", Stamp::now()));
            p.percent(f64::from(number % 100));
        }
        Ok(())
    }
}

/// The viewer of every request.
struct Anybody;

impl<S: Sync> FromRequestParts<S> for Anybody {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

impl From<Anybody> for Viewer {
    fn from(_: Anybody) -> Self {
        Viewer::new(VIEWER)
    }
}

/// The keys of the server and of the clients, which sign their own tokens.
pub(crate) fn keys() -> Outcome<SigningKeys> {
    Ok(SigningKeys::new(["a secret of exactly thirty-two b"])?.with_ttl(Duration::from_secs(3_600)))
}

/// Runs and serves operations until the parent process ends. Sends a line with the port and the IDs to the
/// parent process when every operation runs.
pub(crate) async fn serve(operations: usize, hz: u32) -> Outcome<()> {
    let mut config = Config::default();
    config.connections_per_viewer_max = usize::MAX;
    // One more, because a poll without a free slot waits for one.
    config.concurrency_max = operations + 1;
    config.running_per_owner_max = Some(operations + 1);
    let liveops = LiveOps::builder(store::connect("sqlite::memory:").await?)
        .register::<Clock>()
        .config(config)
        .signing_keys(keys()?)
        .runner(RunnerKind::Worker)
        .build()?;
    liveops.migrate().await?;
    let mut ready = String::new();
    for _ in 0..operations {
        let id = liveops.enqueue(Clock { hz }, VIEWER).await?;
        ready.push_str(&format!(" {id}"));
    }
    let waiting = ListFilter::new().with_state(OperationState::NotStarted);
    // A poll claims a limited number.
    while liveops.count(&waiting).await? > 0 {
        liveops.poll_now().await;
    }

    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    println!("{}{ready}", listener.local_addr()?.port());
    let router = web::router::<Anybody, ()>(&liveops);
    let serving = axum::serve(listener.tap_io(send_at_once), router).into_future();
    let mut end = Vec::new();
    let mut parent = tokio::io::stdin();
    tokio::select! {
        served = serving => served?,
        // The end of the input is the end of the parent process.
        read = parent.read_to_end(&mut end) => drop(read?),
    }
    // Without a wait for operations that do not end.
    std::process::exit(0);
}

/// A frame must not wait for the acknowledgement of an earlier one.
fn send_at_once(stream: &mut TcpStream) {
    let _ = stream.set_nodelay(true);
}
