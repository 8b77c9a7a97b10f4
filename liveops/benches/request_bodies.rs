//! The processor time of requests with hostile bodies, each within the limits of bodies. Linux only.
//!
//! `cargo bench -p liveops --bench request_bodies`

use std::{error::Error, fs, path::PathBuf, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use liveops::{
    Config, LiveOperation, LiveOps, Progress, Run, RunResult, RunnerKind, Viewer, store, web,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_service::Service;

/// Takes one text and one file.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "bench", form)]
struct OneFile {
    #[serde(default)]
    note: String,
    file: PathBuf,
}

/// Takes any number of lines and files.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "bench", form)]
struct Lists {
    #[serde(default)]
    lines: Vec<String>,
    #[serde(default)]
    files: Vec<PathBuf>,
}

/// Takes any JSON.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "bench", public)]
struct Anything {
    values: Value,
}

macro_rules! ends_at_once {
    ($($operation:ident)*) => {$(
        impl Run for $operation {
            type Output = ();

            async fn run(&self, _: Progress<Self>) -> RunResult<()> {
                Ok(())
            }
        }
    )*};
}

ends_at_once!(OneFile Lists Anything);

/// The maximum size of a body without files.
const BYTES_MAX: usize = 1 << 20;

/// Number of requests with each body.
const REQUESTS: u32 = 20;

const FORM: &str = "application/x-www-form-urlencoded";
const FILES: &str = "multipart/form-data; boundary=X";
const JSON: &str = "application/json";

/// A body, and the operation that it is sent to.
struct Hostile {
    name: &'static str,
    op_type: &'static str,
    media_type: &'static str,
    body: Vec<u8>,
}

/// Returns `start`, as many `item` as fit into a body, and `end`.
fn full(start: &str, item: &str, end: &str) -> Vec<u8> {
    let items = item.repeat((BYTES_MAX - start.len() - end.len()) / item.len());
    format!("{start}{items}{end}").into_bytes()
}

fn parts(parts: impl Iterator<Item = (String, String)>) -> Vec<u8> {
    let part = |(head, content): (String, String)| {
        format!("--X\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    };
    (parts.map(part).collect::<String>() + "--X--\r\n").into_bytes()
}

fn bodies() -> Vec<Hostile> {
    let new = |name, op_type, media_type, body| Hostile { name, op_type, media_type, body };
    let list = |item: &str, count: usize| {
        format!("{{\"values\":[{}]}}", vec![item; count].join(",")).into_bytes()
    };
    let text = format!("\"{}\"", "x".repeat(100));
    let names: Vec<String> = (0..1_990).map(|index| format!("\"{index:0500}\":{{}}")).collect();
    let names = format!("{{\"values\":{{{}}}}}", names.join(","));
    let depth = 120;
    let deep = format!("{{\"values\":{}{}}}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    let texts = (0..1_000).map(|_| ("name=\"note\"".to_owned(), "x\"<&".to_owned()));
    let quotes = std::iter::once(("name=\"note\"".to_owned(), "\"".repeat(BYTES_MAX - 1_000)));
    let files = (0..100).map(|n| (format!("name=\"files\"; filename=\"{n}\""), "x".to_owned()));
    vec![
        new("1,000 fields", "lists", FORM, vec!["lines=a%0Ab"; 1_000].join("&").into()),
        new("too many fields", "lists", FORM, full("a", "&a", "")),
        new("one text", "one_file", FORM, full("note=", "x", "")),
        new("one encoded text", "one_file", FORM, full("note=", "%22", "")),
        new("quotation marks", "one_file", FORM, full("note=", "\"", "")),
        new("too many lines", "lists", FORM, full("lines=", "a\n", "")),
        new("20,000 lines", "lists", FORM, format!("lines={}", "a\n".repeat(20_000)).into()),
        new("1,000 text parts", "one_file", FILES, parts(texts)),
        new("quotation marks of a part", "one_file", FILES, parts(quotes)),
        new("100 files", "lists", FILES, parts(files)),
        new("too many numbers", "anything", JSON, full("{\"values\":[", "0,", "0]}")),
        new("19,900 numbers", "anything", JSON, list("0", 19_900)),
        new("9,900 arrays", "anything", JSON, list("[]", 9_900)),
        new("9,900 texts", "anything", JSON, list(&text, 9_900)),
        new("1,990 names", "anything", JSON, names.into()),
        new("one JSON text", "anything", JSON, full("{\"values\":\"", "x", "\"}")),
        new("escapes", "anything", JSON, full("{\"values\":\"", "\\u0001", "\"}")),
        new("nested arrays", "anything", JSON, deep),
    ]
}

/// The only user.
struct User;

impl From<User> for Viewer {
    fn from(User: User) -> Self {
        Viewer::new("ann")
    }
}

impl<S: Sync> axum::extract::FromRequestParts<S> for User {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        _: &mut axum::http::request::Parts,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self)
    }
}

/// Returns the processor time of all threads of this process.
fn processor_time() -> std::io::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        let times = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += times.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

async fn send(router: &mut Router, hostile: &Hostile) -> Result<u16, Box<dyn Error>> {
    let request = Request::post(format!("/live/bench.{}/", hostile.op_type))
        .header("content-type", hostile.media_type)
        .header("content-length", hostile.body.len())
        .body(Body::from(hostile.body.clone()))?;
    let answer = router.call(request).await?;
    let status = answer.status().as_u16();
    to_bytes(answer.into_body(), usize::MAX).await?;
    Ok(status)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("bench.sqlite3").display());
    let config = Config::default()
        .with_upload_dir(folder.path().join("uploads"))
        .with_waiting_per_owner_max(1_000_000);
    let liveops = LiveOps::builder(store::connect(&url).await?)
        .register::<OneFile>()
        .register::<Lists>()
        .register::<Anything>()
        .config(config)
        .runner(RunnerKind::Worker)
        .build()?;
    liveops.migrate().await?;
    let mut router = web::router::<User, ()>(&liveops).with_state(());
    for hostile in bodies() {
        // Fills the caches.
        let status = send(&mut router, &hostile).await?;
        let before = processor_time()?;
        for _ in 0..REQUESTS {
            send(&mut router, &hostile).await?;
        }
        let time = (processor_time()? - before) / REQUESTS;
        let kibibytes = hostile.body.len() >> 10;
        println!("{}: {status}, {time:.1?} for a body of {kibibytes} KiB", hostile.name);
    }
    Ok(())
}
