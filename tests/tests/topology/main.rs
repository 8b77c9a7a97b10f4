//! The whole system as it is deployed: web processes and workers of the demo, PostgreSQL, Redis, and
//! a crowd of browsers that use it while its processes are restarted and killed.
//!
//! Where `LIVEOPS_TEST_HISTORIES` names a folder, a text about each test of a crowd is kept in it:
//! what happened when, how connections ended, and when they were back.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod balancer;
mod browser;
mod crowd;
mod cursor;
mod fleet;
mod history;
mod job;
mod ledger;
mod letters;
mod markup;
mod page;
mod patience;
mod process;
mod scene;
mod seen;
mod site;
mod support;
mod tab;
mod truth;
mod wire;

mod across;
mod killed;
mod rolling_restart;
mod starting;
mod versions_rolled;

/// Not a test but the program of the processes, which are this program once more.
#[test]
#[ignore = "the tests start it, as a process of its own"]
fn demo_process() -> std::process::ExitCode {
    process::be_the_demo()
}
