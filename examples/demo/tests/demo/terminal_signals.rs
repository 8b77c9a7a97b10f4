//! Tests of signals that stop a command, and of a cancellation by another process.
#![cfg(unix)]

use nix::sys::signal::Signal;

use crate::desk::Desk;

#[tokio::test]
async fn ctrl_c_cancels_and_the_row_says_so() {
    let desk = Desk::new();
    let mut run = desk.start(&["run", "demo.endless_task"]);
    run.reaches("Running for").await;
    run.signal(Signal::SIGINT);
    let (status, said) = run.ends().await;
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.ends_with("Cancelling…\nAsked to stop\nCancelled\n"), "{said}");
    assert_eq!(desk.newest().await["state"], "CANCELLED");
}

#[tokio::test]
async fn ctrl_c_between_two_attempts_cancels_as_well() {
    let desk = Desk::new();
    let mut run = desk.start(&["run", "demo.flaky_task", "--set", "failures=5"]);
    // The next wait is the longest, of eight seconds.
    run.reaches("Attempt 4 of 5 failed").await;
    run.signal(Signal::SIGINT);
    let (status, said) = run.ends().await;
    assert_eq!(status.code(), Some(130), "{said}");
    assert_eq!(said, "Cancelled\n");
    let operation = desk.newest().await;
    assert_eq!(operation["state"], "CANCELLED");
    assert_eq!(operation["attempts"]["number"], 5);
}

#[tokio::test]
async fn cancelled_from_elsewhere_it_stops_as_well() {
    let desk = Desk::new();
    let mut run = desk.start(&["run", "demo.endless_task"]);
    run.reaches("Running for").await;
    let id = desk.newest().await["id"].as_str().unwrap().to_owned();
    let said = desk.says(&["cancel", &id]).await;
    assert_eq!(said, "The operation is running. Cancellation was requested.\n");
    let (status, said) = run.ends().await;
    assert_eq!(status.code(), Some(130), "{said}");
}

#[tokio::test]
async fn sigterm_interrupts_what_may_run_once() {
    let desk = Desk::new();
    let mut run = desk.start(&["run", "demo.endless_task"]);
    run.reaches("Running for").await;
    run.signal(Signal::SIGTERM);
    let (status, said) = run.ends().await;
    assert_eq!(status.code(), Some(143), "{said}");
    assert!(said.contains("Failed: Interrupted by a restart."), "{said}");
    let operation = desk.newest().await;
    assert_eq!(operation["state"], "FINISHED_ERROR");
    assert_eq!(operation["error"], "Interrupted by a restart.");
}

#[tokio::test]
async fn a_closed_terminal_interrupts_as_sigterm_does() {
    let desk = Desk::new();
    let mut run = desk.start(&["run", "demo.endless_task"]);
    run.reaches("Running for").await;
    run.signal(Signal::SIGHUP);
    let (status, said) = run.ends().await;
    assert_eq!(status.code(), Some(143), "{said}");
    assert_eq!(desk.newest().await["error"], "Interrupted by a restart.");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_run_under_nohup_goes_on_when_the_terminal_is_closed() {
    let desk = Desk::new();
    let mut run = desk.start_without_hangup(&["run", "demo.endless_task"]);
    run.reaches("Running for").await;
    run.signal(Signal::SIGHUP);
    // A status that is newer than the signal.
    run.reaches("Running for").await;
    run.signal(Signal::SIGINT);
    let (status, said) = run.ends().await;
    assert_eq!(status.code(), Some(130), "{said}");
}

#[tokio::test]
async fn sigterm_puts_it_back_into_the_queue_and_costs_no_attempt() {
    let desk = Desk::new();
    let durable = ["run", "demo.durable_task", "--set", "seconds=600"];
    let mut run = desk.start(&durable);
    run.reaches("Fetch begins").await;
    run.signal(Signal::SIGTERM);
    let (status, said) = run.ends().await;
    assert_eq!(status.code(), Some(143), "{said}");
    let operation = desk.newest().await;
    assert_eq!(operation["state"], "NOT_STARTED");
    assert_eq!(operation["attempts"]["number"], 1);
    assert_eq!(operation["hand_backs"], 1);

    // With an idle worker, the operation may continue before the process has ended.
    let _working = desk.start_beside(&["worker"]).await;
    let mut run = desk.start(&durable);
    run.reaches("Fetch begins").await;
    run.signal(Signal::SIGTERM);
    let (status, said) = run.ends().await;
    assert_eq!(status.code(), Some(143), "{said}");
}
