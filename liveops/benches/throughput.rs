//! How many trivial operations a second go from enqueued to finished, on a database of one's choice.
//!
//! `cargo bench -p liveops --bench throughput -- [--database-url URL] [--operations 20000]
//! [--enqueuers 16] [--rounds 3]`. Without a URL it is a SQLite file that is gone afterwards.

mod database;

use std::{error::Error, sync::Arc, time::Instant};

use clap::Parser;
use database::BenchDatabase;
use liveops::{Config, LiveOperation, LiveOps, Progress, Run, RunResult, RunnerKind, store};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

#[derive(Debug, Parser)]
struct Args {
    /// Where the operations are kept
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// How many operations go through in each round
    #[arg(long, default_value_t = 20_000)]
    operations: usize,
    /// How many of them are being enqueued at once
    #[arg(long, default_value_t = 16)]
    enqueuers: usize,
    /// How many run at once
    #[arg(long, default_value_t = 64)]
    concurrency: usize,
    /// How often it is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// What cargo passes to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// Ends at once.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "bench", state = Arc<Semaphore>)]
struct Trivial {
    number: usize,
}

impl Run for Trivial {
    type Output = usize;

    async fn run(&self, p: Progress<Self>) -> RunResult<usize> {
        p.state().add_permits(1);
        Ok(self.number)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let database = BenchDatabase::at(args.database_url.as_deref())?;
    for round in 1..=args.rounds {
        let db = store::connect(&database.url).await?;
        let run = Arc::new(Semaphore::new(0));
        let mut config = Config::default();
        config.concurrency_max = args.concurrency;
        config.running_per_owner_max = Some(args.concurrency);
        let liveops = LiveOps::builder(db)
            .state(run.clone())
            .register::<Trivial>()
            .config(config)
            .runner(RunnerKind::Spawn)
            .build()?;
        liveops.migrate().await?;
        let begun = Instant::now();
        let enqueuers = (0..args.enqueuers).map(|enqueuer| {
            let (liveops, step, end) = (liveops.clone(), args.enqueuers, args.operations);
            tokio::spawn(async move {
                let mut last = None;
                for number in (enqueuer..end).step_by(step) {
                    last =
                        liveops.enqueue(Trivial { number }, "ann").await.map(Some).unwrap_or(last);
                }
                last
            })
        });
        futures_util::future::join_all(enqueuers).await;
        let enqueued = begun.elapsed();
        let count = u32::try_from(args.operations)?;
        run.acquire_many(count).await?.forget();
        // Run is not finished: that is when the ending is committed.
        liveops.shutdown(std::time::Duration::from_secs(60)).await;
        let finished = begun.elapsed();
        println!(
            "round {round}: {count} operations, enqueued at {:.0}/s, finished at {:.0}/s",
            f64::from(count) / enqueued.as_secs_f64(),
            f64::from(count) / finished.as_secs_f64(),
        );
    }
    Ok(())
}
