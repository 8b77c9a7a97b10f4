//! Test of the real program: clients that send half a request do not keep others out.

use std::{process::Stdio, time::Duration};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use reqwest::{Client, StatusCode};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::Command,
    time::timeout,
};

/// The usual limit of open files.
const OPEN_FILES: usize = 1_024;

const HALF_OPEN: usize = 3_000;

/// Starts of requests that never go on.
const HALVES: [&str; 3] = [
    "",
    "GET / HTTP/1.1\r\nX-Half: ",
    "POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
     Content-Length: 100\r\n\r\n",
];

#[tokio::test]
async fn three_thousand_half_open_sockets_leave_the_server_answering() {
    // The sockets of this process need more files than usual as well.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let mut demo = Command::new("sh")
        .args(["-c", &format!("ulimit -n {OPEN_FILES} && exec \"$0\" --bind 127.0.0.1:0")])
        .arg(env!("CARGO_BIN_EXE_demo"))
        .env("DATABASE_URL", "sqlite::memory:")
        .env("SECRET_KEY", "a secret that has thirty-two bytes")
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut log = BufReader::new(demo.stderr.take().unwrap()).lines();
    let address = loop {
        let line = log.next_line().await.unwrap().expect("the program serves");
        if let Some((_, address)) = line.split_once("http://") {
            break address.trim().to_owned();
        }
    };
    let logged = tokio::spawn(async move {
        let mut lines = Vec::new();
        while let Ok(Some(line)) = log.next_line().await {
            lines.push(line);
        }
        lines
    });

    let mut held = Vec::new();
    for half in HALVES.into_iter().cycle().take(HALF_OPEN) {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        // The server may have closed the oldest sockets already, but not this one.
        socket.write_all(half.as_bytes()).await.unwrap();
        held.push(socket);
    }
    // A connection of its own for each request, as a new visitor has.
    let visitor = Client::builder().pool_max_idle_per_host(0).build().unwrap();
    for path in ["/healthz", "/login", "/readyz"] {
        let answer = visitor.get(format!("http://{address}{path}")).send();
        // The bodies that never come end after 15 seconds.
        let answer = timeout(Duration::from_secs(60), answer).await.expect("an answer").unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    assert_eq!(held.len(), HALF_OPEN);
    drop(held);
    demo.kill().await.unwrap();
    let refused = |line: &&String| line.contains("could not accept a connection");
    let lines = logged.await.unwrap();
    assert_eq!(lines.iter().find(refused), None, "files were left for everything else");
}
