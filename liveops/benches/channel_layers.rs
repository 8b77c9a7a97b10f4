//! What a channel layer takes in and gives out, and how soon an operation starts in another process.
//!
//! `cargo bench -p liveops --features redis --bench channel_layers -- [--redis-url URL | --postgres]
//! [--database-url URL]`. Without the URL of a Redis it is the layer in memory, or that of the
//! PostgreSQL which the operations are in; without the URL of a database, they are in a SQLite file that is
//! gone afterwards.

mod database;

use std::{
    error::Error,
    time::{Duration, Instant},
};

use clap::Parser;
use database::BenchDatabase;
use futures_util::future::try_join_all;
use liveops::{
    Attempt, ChannelName, Config, LiveOperation, LiveOps, OperationId, Progress, Run, RunResult,
    RunnerKind,
    channel::{
        ChannelLayer, Fragment, MemoryChannelLayer, OpenedBy, Payload, PostgresChannelLayer,
        RedisChannelLayer, Region,
    },
    store,
};
use redis::AsyncCommands;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

type Failure = Box<dyn Error + Send + Sync>;

const FIRST: Attempt = Attempt(1);

/// How large a frame is: a status line, a bar and a few lines of a log.
const FRAME_BYTES: usize = 1_024;

#[derive(Debug, Parser)]
struct Args {
    /// The Redis that carries the frames
    #[arg(long, value_name = "URL")]
    redis_url: Option<String>,
    /// Whether the database carries the frames
    #[arg(long, requires = "database_url", conflicts_with = "redis_url")]
    postgres: bool,
    /// Where the operations are kept
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// How many frames are published in each measurement
    #[arg(long, default_value_t = 20_000)]
    frames: usize,
    /// How many operations are enqueued, one after another
    #[arg(long, default_value_t = 500)]
    operations: usize,
    /// How often it is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// What cargo passes to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args = Args::parse();
    for round in 1..=args.rounds {
        println!("round {round}");
        match (&args.redis_url, &args.database_url) {
            (Some(url), _) => {
                for publishers in [1, 8, 64] {
                    publish_bare(&args, url, publishers).await?;
                    publish(&args, RedisChannelLayer::new(url)?, publishers).await?;
                }
                catch_up(&args, RedisChannelLayer::new(url)?).await?;
                // Two processes share nothing but the server.
                start(&args, RedisChannelLayer::new(url)?, RedisChannelLayer::new(url)?).await?;
            }
            (None, Some(url)) if args.postgres => {
                let db = store::connect(url).await?;
                store::migrate::<store::Migrator>(&db).await?;
                let layer = || PostgresChannelLayer::new(&db);
                for publishers in [1, 8, 64] {
                    publish(&args, layer()?, publishers).await?;
                }
                catch_up(&args, layer()?).await?;
                start(&args, layer()?, layer()?).await?;
            }
            (None, _) => {
                for publishers in [1, 8, 64] {
                    publish(&args, MemoryChannelLayer::new(), publishers).await?;
                }
                catch_up(&args, MemoryChannelLayer::new()).await?;
                let layer = MemoryChannelLayer::new();
                start(&args, layer.clone(), layer).await?;
            }
        }
    }
    Ok(())
}

fn frame() -> Payload {
    Payload::Fragments(vec![
        Fragment::replace(Region::Status, "x".repeat(FRAME_BYTES / 2)),
        Fragment::append(Region::Log, 1, "x".repeat(FRAME_BYTES / 2)),
    ])
}

/// An open channel with one subscriber.
async fn opened(layer: &impl ChannelLayer) -> Result<ChannelName, Failure> {
    let channel = ChannelName::operation(OperationId::new());
    layer.open(&channel, FIRST, OpenedBy::Run, vec![Fragment::replace(Region::Log, "")]).await?;
    Ok(channel)
}

fn report(what: &str, count: usize, elapsed: Duration) {
    println!("  {what}: {:.0}/s", count as f64 / elapsed.as_secs_f64());
}

/// Every publisher has a run's channel of its own, and waits for each frame to be taken.
async fn publish(args: &Args, layer: impl ChannelLayer, publishers: usize) -> Result<(), Failure> {
    let channels = try_join_all((0..publishers).map(|_| opened(&layer))).await?;
    let begun = Instant::now();
    try_join_all(channels.iter().map(|channel| async {
        for _ in 0..args.frames / publishers {
            layer.publish(channel, FIRST, frame()).await?;
        }
        Ok::<_, Failure>(())
    }))
    .await?;
    report(&format!("published by {publishers}"), args.frames, begun.elapsed());
    Ok(())
}

/// The same bytes, without a number, a state or a fence.
async fn publish_bare(args: &Args, url: &str, publishers: usize) -> Result<(), Failure> {
    let client = redis::Client::open(url)?;
    let connection = client.get_multiplexed_async_connection().await?;
    let begun = Instant::now();
    try_join_all((0..publishers).map(|publisher| {
        let mut connection = connection.clone();
        async move {
            for _ in 0..args.frames / publishers {
                let message = serde_json::to_string(&frame())?;
                let () = connection.publish(format!("bare-{publisher}"), message).await?;
            }
            Ok::<_, Failure>(())
        }
    }))
    .await?;
    report(&format!("bare PUBLISH by {publishers}"), args.frames, begun.elapsed());
    Ok(())
}

/// Clients that come back to a run with a whole log: some have it all but a line, some have nothing.
async fn catch_up(args: &Args, layer: impl ChannelLayer) -> Result<(), Failure> {
    const CLIENTS: usize = 64;
    let channel = opened(&layer).await?;
    let mut newest = None;
    let mut but_one = None;
    for _ in 0..1_000 {
        but_one = newest;
        newest = Some(layer.publish(&channel, FIRST, frame()).await?);
    }
    for (what, since, count) in [
        ("up to date", newest, args.frames),
        ("a frame behind", but_one, args.frames),
        ("from nowhere, 500 KiB", None, args.frames / 20),
    ] {
        let begun = Instant::now();
        try_join_all((0..CLIENTS).map(|_| async {
            for _ in 0..count / CLIENTS {
                layer.catch_up(&channel, since).await?;
            }
            Ok::<_, Failure>(())
        }))
        .await?;
        report(&format!("caught up, {what}"), count, begun.elapsed());
    }
    Ok(())
}

/// An operation that reports when it runs.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "bench", state = mpsc::UnboundedSender<Instant>)]
struct Started {}

impl Run for Started {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let now = Instant::now();
        p.state().send(now).map_err(|_| "the measurement has ended")?;
        Ok(())
    }
}

/// One process enqueues, and an idle worker in another one starts.
async fn start(
    args: &Args,
    web: impl ChannelLayer,
    worker: impl ChannelLayer,
) -> Result<(), Failure> {
    let database = BenchDatabase::at(args.database_url.as_deref())?;
    let (sender, mut started) = mpsc::unbounded_channel();
    let web = process(&database.url, web, sender.clone()).await?;
    let worker = process(&database.url, worker, sender).await?;
    web.migrate().await?;
    worker.start_worker();

    let mut latencies = Vec::new();
    for n in 0..args.operations + 10 {
        let enqueued_on = Instant::now();
        web.enqueue(Started {}, "ann").await?;
        let latency = started.recv().await.ok_or("the worker is gone")? - enqueued_on;
        // The first ones make the connections.
        if n >= 10 {
            latencies.push(latency);
        }
    }
    latencies.sort();
    let percentile = |share: usize| latencies[(latencies.len() - 1) * share / 100];
    println!(
        "  from enqueueing to the start elsewhere: p50 {:.1?}, p99 {:.1?}, slowest {:.1?}",
        percentile(50),
        percentile(99),
        percentile(100)
    );
    worker.shutdown(Duration::from_secs(10)).await;
    Ok(())
}

async fn process(
    url: &str,
    layer: impl ChannelLayer,
    started: mpsc::UnboundedSender<Instant>,
) -> Result<LiveOps, Failure> {
    let liveops = LiveOps::builder(store::connect(url).await?)
        .state(started)
        .register::<Started>()
        .channel_layer(layer)
        .config(Config::default())
        .runner(RunnerKind::Worker)
        .build()?;
    Ok(liveops)
}
