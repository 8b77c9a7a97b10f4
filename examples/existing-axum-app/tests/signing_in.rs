//! Tests of the sign-in under attack.

#![expect(clippy::unwrap_used, reason = "what panics in a helper fails its test")]

use std::time::{Duration, Instant};

use existing_axum_app::{App, Mailer};
use reqwest::{Client, StatusCode, redirect};
use tokio::{net::TcpListener, task::JoinSet};

async fn serve() -> String {
    let app = App::start("sqlite::memory:", Mailer { pace: Duration::ZERO }).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(app.serve(listener));
    origin
}

fn client() -> Client {
    Client::builder().redirect(redirect::Policy::none()).build().unwrap()
}

async fn sign_in(client: &Client, origin: &str, name: &str, password: &str) -> StatusCode {
    let form = [("name", name), ("password", password)];
    client.post(format!("{origin}/login")).form(&form).send().await.unwrap().status()
}

#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let (origin, client) = (serve().await, client());
    // The hash for unknown names is made by the first sign-in.
    assert_eq!(
        sign_in(&client, &origin, "nobody", "secret").await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    // In turns, so that the load of the machine is the same for both names.
    let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
    for _ in 0..10 {
        for (name, fastest) in [("ann", &mut known), ("nobody", &mut unknown)] {
            let started = Instant::now();
            let status = sign_in(&client, &origin, name, "wrong").await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            *fastest = started.elapsed().min(*fastest);
        }
    }
    // Without the hash, an unknown name takes less than a tenth of the time.
    assert!(unknown > known / 3, "known {known:?}, unknown {unknown:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn many_sign_ins_at_once_need_the_memory_of_a_few() {
    // Runs in a separate process, because the test measures its memory. glibc returns the memory of each hash at once.
    let process = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["memory_of_sign_ins", "--exact", "--ignored", "--nocapture"])
        .env("MALLOC_MMAP_THRESHOLD_", "1000000")
        .status();
    assert!(process.unwrap().success());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`many_sign_ins_at_once_need_the_memory_of_a_few` starts it"]
async fn memory_of_sign_ins() {
    let (origin, client) = (serve().await, client());
    sign_in(&client, &origin, "ann", "wrong").await;
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS:");
    let mut sign_ins = JoinSet::new();
    for _ in 0..60 {
        let (origin, client) = (origin.clone(), client.clone());
        sign_ins.spawn(async move { sign_in(&client, &origin, "nobody", "wrong").await });
    }
    for status in sign_ins.join_all().await {
        // A sign-in that has waited for too long gets 503.
        let expected = [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::SERVICE_UNAVAILABLE];
        assert!(expected.contains(&status), "{status}");
    }
    // Each hash takes 19 MiB, so 60 at once would take more than 1 GiB.
    let cores = std::thread::available_parallelism().unwrap().get();
    let grown = memory("VmHWM:").saturating_sub(before);
    assert!(grown < (cores + 4) * (24 << 20), "{} MiB", grown >> 20);
}

/// Returns a size in `/proc/self/status` in bytes.
#[cfg(target_os = "linux")]
fn memory(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}
