//! Bodies of requests that cost the server more than the client: too large, with too many parts, or in too small
//! pieces.

use std::{env, fs, path::PathBuf, process::Command, time::Duration};

use axum::routing::get;
use liveops::{
    Config, LiveOperation,
    form::FileContent,
    runner::{Builder, RunnerKind},
    testing::Server,
};
use maud::{DOCTYPE, html};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{
    app::{Gate, TestApp, nothing_to_run},
    browser::Browser,
    files::{files_in, upload_folder},
    htmx::{self, Htmx},
    multipart::{MULTIPART, Part, multipart, multipart_of_heads},
    watched::WatchedApp,
};

/// Far longer than any answer takes on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Takes one file.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form)]
struct OneFile {
    #[serde(default)]
    note: String,
    file: PathBuf,
}

/// Takes any number of lines, files and small files.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form)]
struct Lists {
    #[serde(default)]
    lines: Vec<String>,
    #[serde(default)]
    files: Vec<PathBuf>,
    #[serde(default)]
    contents: Vec<FileContent>,
}

/// Has no file field and no form.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", public)]
struct Yearly {
    year: u16,
    #[serde(default)]
    values: Value,
}

nothing_to_run!(OneFile Lists Yearly);

struct Site {
    app: TestApp,
    server: Server,
    uploads: TempDir,
}

impl Site {
    async fn start() -> Self {
        Self::on("sqlite::memory:").await
    }

    async fn on(database_url: &str) -> Self {
        let uploads = upload_folder();
        let config = Config::default().with_upload_dir(uploads.path());
        let change = |builder: Builder<Gate>| {
            builder
                .register::<OneFile>()
                .register::<Lists>()
                .register::<Yearly>()
                .config(config)
                .runner(RunnerKind::Worker)
        };
        let app = TestApp::on(database_url, change).await;
        let router = app.router.clone().route("/healthz", get(async || "ok"));
        Self { app, server: Server::start(router).await, uploads }
    }

    /// Sends the head of a request and a body, and returns the answer, which ends the connection.
    async fn send(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let length = body.len().to_string();
        let headers = [headers, &[("content-length", length.as_str())]].concat();
        self.send_raw(&head("POST", path, &headers), body).await
    }

    async fn send_raw(&self, head: &str, body: &[u8]) -> Answer {
        let exchange = async {
            let mut socket = TcpStream::connect(self.server.address()).await.unwrap();
            socket.write_all(head.as_bytes()).await.unwrap();
            // The server may close its side first.
            let _ = socket.write_all(body).await;
            let mut answer = Vec::new();
            let _ = socket.read_to_end(&mut answer).await;
            Answer(String::from_utf8_lossy(&answer).into_owned())
        };
        timeout(TIMEOUT, exchange).await.expect("the server answers in time")
    }

    /// Sends a body and returns the status. Keeps nothing of the answer in the memory of this process.
    async fn status_of(&self, path: &str, content_type: (&str, &str), body: &[u8]) -> u16 {
        let length = body.len().to_string();
        let head = head("POST", path, &[content_type, ("content-length", &length)]);
        let mut socket = TcpStream::connect(self.server.address()).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(body).await.unwrap();
        let mut buffer = vec![0; 4_096];
        let read = socket.read(&mut buffer).await.unwrap();
        let status = Answer(String::from_utf8_lossy(&buffer[..read]).into_owned()).status();
        while socket.read(&mut buffer).await.unwrap() > 0 {}
        status
    }

    async fn post_form(&self, path: &str, body: &[u8]) -> Answer {
        self.send(path, &[FORM, JSON], body).await
    }

    async fn post_parts(&self, path: &str, parts: &[Part<'_>]) -> Answer {
        self.send(path, &[FILES, JSON], &multipart(parts)).await
    }

    /// Returns the number of files below the upload folder.
    fn files(&self) -> usize {
        files_in(self.uploads.path()).len()
    }

    async fn operations(&self) -> usize {
        self.app.liveops.list(&Default::default(), 10).await.unwrap().len()
    }
}

struct Answer(String);

impl Answer {
    fn status(&self) -> u16 {
        let status = self.0.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("no status: {:?}", self.0))
    }

    fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").unwrap_or_default().1
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_else(|_| panic!("not JSON: {}", self.0))
    }

    /// Asserts that the request was refused, and returns the message for users.
    #[track_caller]
    fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status(), status, "{}", self.0);
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const FILES: (&str, &str) = ("content-type", MULTIPART);
const JSON_BODY: (&str, &str) = ("content-type", "application/json");
const JSON: (&str, &str) = ("accept", "application/json");
const HTML: (&str, &str) = ("accept", "text/html");

fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

#[tokio::test]
async fn a_body_over_its_limit_is_refused_before_a_byte_of_it_arrives() {
    let site = Site::start().await;
    let announce = async |content_type, bytes: u64, accept| {
        let length = bytes.to_string();
        let headers = [content_type, accept, ("content-length", length.as_str())];
        site.send_raw(&head("POST", "/live/test.one_file/", &headers), b"").await
    };
    let answer = announce(FILES, 500 << 20, JSON).await;
    assert_eq!(answer.refusal(413), "The file has 500 MB; at most 32 MB are allowed.");
    assert_eq!(answer.json()["error"]["code"], "too_large");
    for content_type in [FORM, JSON_BODY] {
        let answer = announce(content_type, (1 << 20) + 1, JSON).await;
        assert_eq!(answer.refusal(413), "The input has 1.1 MB; at most 1 MB are allowed.");
    }
    let page = announce(FILES, 500 << 20, HTML).await;
    assert_eq!(page.status(), 413);
    assert!(page.body().contains("<!DOCTYPE html>"), "{}", page.0);
    assert!(page.body().contains("The file has 500 MB; at most 32 MB are allowed."), "{}", page.0);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_refused_at_its_limit() {
    let site = Site::start().await;
    let chunked = async |content_type, chunks: usize| {
        let headers = [content_type, JSON, ("transfer-encoding", "chunked")];
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        let body = chunk.repeat(chunks) + "0\r\n\r\n";
        site.send_raw(&head("POST", "/live/test.one_file/", &headers), body.as_bytes()).await
    };
    let answer = chunked(FORM, 17).await;
    assert_eq!(answer.refusal(413), "The input is too large; at most 1 MB are allowed.");
    let answer = chunked(FILES, 513).await;
    assert_eq!(answer.refusal(413), "The file is too large; at most 32 MB are allowed.");
}

#[tokio::test]
async fn a_client_that_sends_everything_before_it_reads_gets_the_answer() {
    let site = Site::start().await;
    let too_large = vec![b'x'; 60 << 20];
    let answer = site.send("/live/test.one_file/", &[FILES, JSON], &too_large).await;
    assert_eq!(answer.refusal(413), "The file has 60 MB; at most 32 MB are allowed.");
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_without_a_body() {
    let site = Site::start().await;
    let headers = [FILES, JSON, ("expect", "100-continue"), ("content-length", "40000000")];
    let head = head("POST", "/live/test.one_file/", &headers);
    // The server does not wait for the rest of the body, which never comes.
    let answer = timeout(Duration::from_secs(5), site.send_raw(&head, b"")).await;
    let answer = answer.expect("the connection ends with the answer");
    assert!(answer.0.starts_with("HTTP/1.1 413"), "{}", answer.0);
    assert!(!answer.0.contains("100 Continue"), "{}", answer.0);
}

#[tokio::test]
async fn more_fields_than_allowed_are_refused() {
    let site = Site::start().await;
    let fields = |count: usize| vec!["a"; count].join("&").into_bytes();
    let expected = "The form has too many fields; at most 1,000 are allowed.";
    assert_eq!(site.post_form("/live/test.lists/", &fields(1_001)).await.refusal(413), expected);
    assert_eq!(site.post_form("/live/test.lists/", &fields(1_000)).await.status(), 201);

    let texts = |count| vec![("a", None, ""); count];
    let answer = site.post_parts("/live/test.lists/", &texts(1_001)).await;
    assert_eq!(answer.refusal(413), expected);
    assert_eq!(site.post_parts("/live/test.lists/", &texts(1_000)).await.status(), 201);
    // Files for fields that do not exist count as fields.
    let answer = site.post_parts("/live/test.yearly/", &vec![("a", Some("a"), ""); 1_001]).await;
    assert_eq!(answer.refusal(413), expected);

    // The texts of a form with files have the limit of a form without files.
    let long = "x".repeat(600_000);
    let parts = [("a", None, &*long), ("b", None, &*long)];
    let answer = site.post_parts("/live/test.lists/", &parts).await;
    assert_eq!(answer.refusal(413), "The input is too large; at most 1 MB are allowed.");
    // Files that become a part of the input have this limit too. liveops does not read the rest of such a file into
    // memory.
    let parts = [("contents", Some("a"), &*long), ("contents", Some("b"), &*long)];
    let answer = site.post_parts("/live/test.lists/", &parts).await;
    assert_eq!(answer.refusal(413), "The input is too large; at most 1 MB are allowed.");
}

#[tokio::test]
async fn more_values_than_allowed_are_refused() {
    let site = Site::start().await;
    let numbers = async |count: usize| {
        let body = json!({ "year": 2026, "values": vec![0; count] }).to_string();
        site.send("/live/test.yearly/", &[JSON_BODY], body.as_bytes()).await
    };
    let expected = "The input has too many values; at most 20,000 are allowed.";
    assert_eq!(numbers(20_001).await.refusal(413), expected);
    assert_eq!(numbers(19_900).await.status(), 201);
    // Separators inside of a text are text.
    let text = json!({ "year": 2026, "values": ",[{:\\\"".repeat(100_000) }).to_string();
    let answer = site.send("/live/test.yearly/", &[JSON_BODY], text.as_bytes()).await;
    assert_eq!(answer.status(), 201, "{}", answer.0);

    let lines = format!("lines={}", "a%0A".repeat(20_001));
    let answer = site.post_form("/live/test.lists/", lines.as_bytes()).await;
    assert_eq!(answer.refusal(422), format!("lines: {expected}"));
}

#[tokio::test]
async fn a_form_takes_as_many_files_as_it_has_file_fields() {
    let site = Site::start().await;
    let file = ("file", Some("a.csv"), "a,b");
    let answer = site.post_parts("/live/test.one_file/", &[file, file]).await;
    assert_eq!(answer.refusal(413), "You sent too many files; at most 1 are allowed.");
    let files = vec![("files", Some("a.csv"), "a,b"); 201];
    let answer = site.post_parts("/live/test.lists/", &files).await;
    assert_eq!(answer.refusal(413), "You sent too many files; at most 200 are allowed.");
    let answer =
        site.post_parts("/live/test.one_file/", &vec![("file", Some("a"), ""); 20_000]).await;
    assert_eq!(answer.status(), 413);
    assert_eq!((site.operations().await, site.files()), (0, 0));

    assert_eq!(site.post_parts("/live/test.lists/", &files[..100]).await.status(), 201);
    assert_eq!(site.files(), 100);
}

#[tokio::test]
async fn a_file_that_nobody_asked_for_is_not_kept() {
    let site = Site::start().await;
    let junk = "x".repeat(1 << 20);
    let parts = [("year", None, "2026"), ("junk", Some("junk.bin"), &*junk)];
    assert_eq!(site.post_parts("/live/test.yearly/", &parts).await.status(), 201);
    let parts = [("file", Some("a.csv"), "a,b"), ("note", Some("note.txt"), &*junk)];
    assert_eq!(site.post_parts("/live/test.one_file/", &parts).await.status(), 201);
    assert_eq!(site.files(), 1);
}

#[tokio::test]
async fn the_head_of_a_part_has_a_limit() {
    let site = Site::start().await;
    let head_of = |bytes: usize| {
        let head = format!("name=\"note\"; a=\"{}\"", "x".repeat(bytes));
        multipart_of_heads([(head.as_str(), b"".as_slice())])
    };
    let send = async |body: Vec<u8>| site.send("/live/test.lists/", &[FILES, JSON], &body).await;
    assert_eq!(send(head_of(7_000)).await.status(), 201);
    // Also sends a body that arrives in one piece.
    for bytes in [9_000, 30 << 20] {
        assert_eq!(send(head_of(bytes)).await.refusal(422), "The form could not be read.");
    }
}

#[tokio::test]
async fn a_body_in_pieces_of_a_byte_is_refused() {
    let site = Site::start().await;
    let headers = [FORM, JSON, ("transfer-encoding", "chunked")];
    let body = "1\r\na\r\n".repeat(100_000) + "0\r\n\r\n";
    let answer = site.send_raw(&head("POST", "/live/test.lists/", &headers), body.as_bytes()).await;
    assert_eq!(answer.refusal(400), "The request arrived in too many small pieces.");
}

#[tokio::test]
async fn a_form_of_many_parts_and_files_blocks_no_other_request() {
    // One thread, so a handler that does not yield blocks all other requests.
    let site = Site::start().await;
    let mut parts = vec![("file", Some("a"), ""); 5_000];
    parts.extend(vec![("note", None, ""); 70_000]);
    let body = multipart(&parts);
    let hostile = async {
        for _ in 0..2 {
            site.send("/live/test.one_file/", &[FILES], &body).await;
        }
    };
    let healthy = async {
        for _ in 0..20 {
            let head = head("GET", "/healthz", &[]);
            let answer = timeout(Duration::from_secs(5), site.send_raw(&head, b"")).await;
            assert_eq!(answer.expect("another request is not delayed").status(), 200);
        }
    };
    tokio::join!(hostile, healthy);
    assert_eq!(site.files(), 0);
}

async fn refusal_appears_in_place(htmx: Htmx) {
    let Some(browser) = Browser::open().await else { return };
    let Some(scripts) = htmx::routes() else { return };
    let config = htmx.config().with_upload_bytes_max(1 << 20);
    let app = TestApp::with(|builder| builder.register::<OneFile>().config(config)).await;
    let liveops = app.liveops.clone();
    let page = async move || {
        let renderer = liveops.renderer();
        html! {
            (DOCTYPE)
            html lang="en" {
                head { (htmx.head()) (renderer.head()) }
                body { (renderer.form::<OneFile>().in_place()) }
            }
        }
    };
    let served = WatchedApp::serve(app, scripts.route("/", get(page))).await;
    browser.goto(&served.proxy.url("/")).await;
    browser.wait_until("window.htmx").await;
    browser.fill("input[name=note]", "typed").await;
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.csv");
    fs::write(&large, vec![b'x'; 3 << 20]).unwrap();
    browser.upload("input[name=file]", &large).await;
    browser.click("button[type=submit]").await;
    browser.wait_for("form [data-liveop-refusal]").await;
    let shown = browser.text("[data-liveop-refusal]").await;
    assert!(shown.contains("The file has 3.1 MB; at most 1 MB are allowed."), "{shown}");
    // The rest of the form is as the user left it.
    assert_eq!(browser.evaluate("document.querySelector('[name=note]').value").await, "typed");
    assert_eq!(browser.evaluate("document.querySelector('[name=file]').files.length").await, 1);
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn htmx_2_shows_in_the_form_that_a_file_is_too_large() {
    refusal_appears_in_place(Htmx::Two).await;
}

#[tokio::test]
async fn htmx_4_shows_in_the_form_that_a_file_is_too_large() {
    refusal_appears_in_place(Htmx::Four).await;
}

#[test]
fn no_request_needs_many_times_the_memory_of_its_body() {
    // Runs in a separate process, because the test measures its memory.
    let process = Command::new(env::current_exe().unwrap())
        .args(["request_bodies::memory_of_requests", "--exact", "--ignored", "--nocapture"])
        // With this setting glibc returns free memory at once, so that the resident memory is the memory in use.
        .env("MALLOC_ARENA_MAX", "1")
        .env("MALLOC_MMAP_THRESHOLD_", "65536")
        .env("MALLOC_TRIM_THRESHOLD_", "65536")
        .status();
    assert!(process.unwrap().success());
}

#[tokio::test]
#[ignore = "`no_request_needs_many_times_the_memory_of_its_body` starts it"]
async fn memory_of_requests() {
    const MEBIBYTE: usize = 1 << 20;
    // A file, because the rows of a database in memory are in the memory of the process.
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("liveops.sqlite3").display());
    let site = Site::on(&url).await;
    let full = |start: &str, item: &str, end: &str| {
        let items = item.repeat((MEBIBYTE - start.len() - end.len()) / item.len());
        format!("{start}{items}{end}").into_bytes()
    };
    let values = |start: &str, item: &str, end: &str| {
        let items = vec![item; 9_900].join(",");
        format!("{start}{items}{end}").into_bytes()
    };
    let yearly = "{\"year\":1,\"values\":";
    let named: Vec<String> = (0..1_990).map(|index| format!("\"{index:0500}\":{{}}")).collect();
    let named = format!("{yearly}{{{}}}}}", named.join(","));
    let text = format!("\"{}\"", "x".repeat(100));
    let multipart_texts = vec![("note", None, "x\"<&"); 1_000];
    let quotes = "\"".repeat(MEBIBYTE - 1_000);
    let files = vec![("files", Some("a"), "x"); 100];
    let content = "x".repeat(700 << 10);
    let contents = vec![("contents", Some("a"), &*content); 40];
    type Hostile<'a> = (&'a str, &'a str, (&'a str, &'a str), Vec<u8>);
    let hostile: Vec<Hostile<'_>> = vec![
        ("fields", "lists", FORM, full("a", "&a", "")),
        ("fields of one letter", "lists", FORM, vec!["a"; 1_000].join("&").into()),
        ("one text", "one_file", FORM, full("note=", "x", "")),
        ("quotation marks", "one_file", FORM, full("note=", "\"", "")),
        ("quotation marks of a part", "one_file", FILES, multipart(&[("note", None, &quotes)])),
        ("lines", "lists", FORM, full("lines=", "a%0A", "")),
        ("lines of a letter", "lists", FORM, full("lines=", "a\n", "")),
        ("text parts", "one_file", FILES, multipart(&multipart_texts)),
        ("files", "lists", FILES, multipart(&files)),
        ("contents of files", "lists", FILES, multipart(&contents)),
        ("numbers", "yearly", JSON_BODY, full(&format!("{yearly}["), "0,", "0]}")),
        ("allowed numbers", "yearly", JSON_BODY, values(&format!("{yearly}["), "0,0", "]}")),
        ("arrays", "yearly", JSON_BODY, values(&format!("{yearly}["), "[]", "]}")),
        ("objects", "yearly", JSON_BODY, values(&format!("{yearly}["), "{}", "]}")),
        ("texts", "yearly", JSON_BODY, values(&format!("{yearly}["), &text, "]}")),
        ("names", "yearly", JSON_BODY, named.into_bytes()),
        ("one JSON text", "yearly", JSON_BODY, full(&format!("{yearly}\""), "x", "\"}")),
        ("escapes", "yearly", JSON_BODY, full(&format!("{yearly}\""), "\\u0001", "\"}")),
    ];
    // The caches of the database exist afterwards.
    for _ in 0..20 {
        site.status_of("/live/test.lists/", FORM, b"lines=a").await;
    }
    let mut over = Vec::new();
    for (name, op_type, content_type, body) in &hostile {
        let path = format!("/live/test.{op_type}/");
        let send = async || site.status_of(&path, *content_type, body).await;
        let before = status("VmRSS:");
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let answered = send().await;
        let cost = status("VmHWM:").saturating_sub(before);
        println!("{name}: {answered}, {} KiB for a body of {} KiB", cost >> 10, body.len() >> 10);
        if cost > 8 * MEBIBYTE {
            over.push(*name);
        }
    }
    assert!(over.is_empty(), "{over:?}");
}

/// Returns a size in `/proc/self/status` in bytes.
fn status(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}
