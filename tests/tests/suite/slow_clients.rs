//! Clients that read slowly, or not at all, harm nobody but themselves, and miss nothing for good.

use std::{env, process::Command, time::Duration};

use futures_util::future::join_all;
use liveops::{Config, OperationId, channel::MemoryChannelLayer, testing::Socket};
use serde_json::{Value, json};

use crate::support::{
    numbers::{Numbers, Padded, number},
    served::{Served, is_subscribed},
};

/// How many frames a client may leave unacknowledged.
const WINDOW: usize = 64;

const FRAMES: usize = 3 * WINDOW;

async fn follow(served: &Served, id: OperationId) -> Socket {
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the subscription", is_subscribed).await;
    socket
}

async fn acknowledge(socket: &mut Socket, message: &Value) {
    let (channel, cursor) = (&message["channel"], &message["cursor"]);
    socket.send(&json!({ "type": "ack", "channel": channel, "cursor": cursor })).await;
}

#[tokio::test]
async fn a_client_that_stops_acknowledging_is_held_back_and_then_caught_up() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Numbers { count: FRAMES }, "ann").await.unwrap();
    let (mut slow, mut fast) = (follow(&served, id).await, follow(&served, id).await);
    let is_number = |message: &Value| number(message).is_some();
    served.app.gate.open(1);
    let first = slow.next_matching("a number", is_number).await;
    acknowledge(&mut slow, &first).await;
    fast.next_matching("a number", is_number).await;
    for expected in 1..FRAMES {
        served.app.gate.open(1);
        let message = fast.next_matching("a number", is_number).await;
        assert_eq!(number(&message), Some(expected));
    }

    let mut last = first;
    for expected in 1..=WINDOW {
        last = slow.next_matching("a number", is_number).await;
        assert_eq!(number(&last), Some(expected));
    }
    acknowledge(&mut slow, &last).await;
    let newest = slow.next_matching("a number", is_number).await;
    assert_eq!(number(&newest), Some(FRAMES - 1), "one message for all that was held back");
}

#[tokio::test]
async fn a_client_that_does_not_acknowledge_for_too_long_is_sent_away() {
    let mut config = Config::default();
    (config.keepalive, config.stall_timeout) = (Duration::from_secs(1), Duration::from_secs(1));
    let served = Served::with(config, MemoryChannelLayer::new()).await;
    let id = served.app.liveops.enqueue(Numbers { count: FRAMES }, "ann").await.unwrap();
    let (mut stalled, mut good) = (follow(&served, id).await, follow(&served, id).await);
    let is_number = |message: &Value| number(message).is_some();
    served.app.gate.open(1);
    let first = stalled.next_matching("a number", is_number).await;
    acknowledge(&mut stalled, &first).await;
    for _ in 1..FRAMES {
        good.next_matching("a number", is_number).await;
        served.app.gate.open(1);
    }
    assert_eq!(stalled.closed().await, 4008);
}

#[test]
fn five_hundred_stalled_clients_harm_none_of_five_hundred_good_ones() {
    // A process of their own, as its memory is looked at.
    let process = Command::new(env::current_exe().unwrap())
        .args(["slow_clients::stalled_clients_beside_good_ones", "--exact", "--ignored"])
        .status();
    assert!(process.unwrap().success());
}

/// Five hundred clients that never read, beside as many that do. What the former are sent would be
/// most of a gigabyte if somebody kept it for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "`five_hundred_stalled_clients_harm_none_of_five_hundred_good_ones` starts it"]
async fn stalled_clients_beside_good_ones() {
    const CLIENTS: usize = 500;
    const NUMBERS: usize = 100;
    const PADDING: usize = 16 << 10;
    let mut config = Config::default();
    config.connections_per_viewer_max = 2 * CLIENTS;
    config.stall_timeout = Duration::from_secs(1);
    let served = Served::with_small_buffers(config).await;
    let padded = Padded { count: NUMBERS, padding: PADDING };
    let id = served.app.liveops.enqueue(padded, "ann").await.unwrap();
    let mut good = join_all((0..CLIENTS).map(|_| follow(&served, id))).await;
    let mut stalled = join_all((0..CLIENTS).map(|_| follow(&served, id))).await;

    let before = resident_bytes();
    for expected in 0..NUMBERS {
        served.app.gate.open(1);
        let read = good.iter_mut().map(async |client| {
            let message = client.next_matching("a number", |m| number(m).is_some()).await;
            assert_eq!(number(&message), Some(expected));
        });
        join_all(read).await;
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < CLIENTS * NUMBERS * PADDING / 10, "{} MiB", grown >> 20);

    // They lost their connection, and nothing else.
    for client in &mut stalled {
        client.ends().await;
    }
    let mut returned = follow(&served, id).await;
    served.app.gate.open(1);
    returned.next_matching("the end", |m| m["liveop_finished"].is_object()).await;
}

/// How much memory this process has.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes << 10
}
