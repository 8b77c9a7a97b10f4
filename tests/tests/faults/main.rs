//! What happens to operations when the processes that run them are killed, stopped, cut off from
//! their database, or told another time: with real processes and real faults.
//!
//! Every test ends by having a [`checker`] read the history of all that was written, published and
//! run. `LIVEOPS_FAULTS_SEED` repeats the choices of a run, `LIVEOPS_FAULTS_RUNS` makes it longer;
//! `cargo xtask faults` sets both.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

#[path = "../../src/cluster.rs"]
#[expect(dead_code, reason = "`cargo xtask` needs more of it")]
mod cluster;
#[path = "../../src/program.rs"]
mod program;
#[path = "../../src/scratch.rs"]
mod scratch;

mod checker;
mod dice;
mod disk;
mod errand;
mod fleet;
mod gateway;
mod history;
mod journal;
mod ledger;
mod scene;
mod support;
mod worker;

mod clock;
mod cut_off;
mod disk_full;
mod hooked;
mod killed;
mod locked;
mod refused;
mod stale;
mod strangers;
mod terminated;

/// Not a test but the program of the workers, which are this program once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the tests start it, as a process of its own"]
async fn worker_process() {
    worker::work().await;
}
