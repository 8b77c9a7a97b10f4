//! The memory of a process after many operations that nobody watches.

use std::{env, fs, process::Command, sync::Arc, time::Duration};

use futures_util::future::join_all;
use liveops::{
    LiveOperation, LiveOps, Progress, Run, RunResult, channel::MemoryChannelLayer, store,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// Ends at once.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Arc<Semaphore>)]
struct Tiny;

impl Run for Tiny {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().add_permits(1);
        Ok(())
    }
}

/// Runs this many operations to their end.
async fn run(liveops: &LiveOps, ended: &Semaphore, count: usize) {
    const ENQUEUERS: usize = 64;
    join_all((0..ENQUEUERS).map(async |enqueuer| {
        for _ in (enqueuer..count).step_by(ENQUEUERS) {
            liveops.enqueue(Tiny, "ann").await.unwrap();
        }
    }))
    .await;
    let all = u32::try_from(count).unwrap();
    ended.acquire_many(all).await.unwrap().forget();
}

#[test]
fn twenty_thousand_ended_operations_need_less_than_forty_mebibytes() {
    // A process of its own, because its memory is measured.
    let process = Command::new(env::current_exe().unwrap())
        .args(["process_memory::ended_operations", "--exact", "--ignored", "--nocapture"])
        .status();
    assert!(process.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`twenty_thousand_ended_operations_need_less_than_forty_mebibytes` starts it"]
async fn ended_operations() {
    const OPERATIONS: usize = 20_000;
    // A file, because the rows of a database in memory are in the memory of the process.
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("liveops.sqlite3").display());
    let ended = Arc::new(Semaphore::new(0));
    // Without a bound: the states of all operations are retained.
    let layer = MemoryChannelLayer::new().with_retained_bytes_max(usize::MAX);
    let liveops = LiveOps::builder(store::connect(&url).await.unwrap())
        .channel_layer(layer)
        .state(ended.clone())
        .register::<Tiny>()
        .build()
        .unwrap();
    liveops.migrate().await.unwrap();
    // The caches of the database and the arenas of the allocator exist afterwards.
    run(&liveops, &ended, 5_000).await;
    let before = resident_bytes();
    run(&liveops, &ended, OPERATIONS).await;
    liveops.shutdown(Duration::from_secs(60)).await;
    let grown = resident_bytes().saturating_sub(before);
    println!(
        "{OPERATIONS} ended operations: {} KiB, {} bytes each",
        grown >> 10,
        grown / OPERATIONS
    );
    assert!(grown <= OPERATIONS * (2 << 10), "{} MiB", grown >> 20);
}

/// Returns the resident memory of this process.
fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes << 10
}
