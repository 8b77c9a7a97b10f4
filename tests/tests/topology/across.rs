//! What one process does and another one shows: what is asked of one web process is done by a worker,
//! and heard by whoever is connected to the other.

use liveops::testing::Socket;
use reqwest::{Client, RequestBuilder, StatusCode, header, redirect::Policy};
use serde_json::{Value, json};

use super::{fleet::Fleet, patience::wait_until, support::events::Events};

/// Somebody who is signed in at every web process, with one cookie.
struct Person {
    http: Client,
    cookie: String,
    addresses: Vec<String>,
}

/// The web processes.
const A: usize = 0;
const B: usize = 1;

impl Person {
    async fn sign_in(fleet: &Fleet, user: &str) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        let addresses: Vec<String> = [A, B].map(|web| fleet.address(web).to_owned()).into();
        let mut person = Self { http, cookie: String::new(), addresses };
        let answer = person.http.post(person.url(A, "/login")).form(&[("user", user)]).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        person.cookie = cookie.split(';').next().unwrap().to_owned();
        person
    }

    fn url(&self, web: usize, path: &str) -> String {
        format!("http://{}{path}", self.addresses[web])
    }

    async fn ask(&self, request: RequestBuilder) -> (StatusCode, String) {
        let request = request.header(header::COOKIE, &self.cookie);
        let answer = request.header(header::ACCEPT, "application/json").send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// Starts an operation, and gives it as JSON.
    async fn start(&self, web: usize, op_type: &str, input: Value) -> Value {
        let request = self.http.post(self.url(web, &format!("/live/{op_type}/"))).json(&input);
        let (status, body) = self.ask(request).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn post(&self, web: usize, path: &str, body: Value) -> Value {
        let (status, body) = self.ask(self.http.post(self.url(web, path)).json(&body)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn get(&self, web: usize, path: &str) -> String {
        let request = self.http.get(self.url(web, path)).header(header::COOKIE, &self.cookie);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    async fn connect(&self, web: usize) -> Socket {
        let url = format!("ws://{}/live/ws", self.addresses[web]);
        Socket::connect(&url, &[("Cookie", &self.cookie)]).await
    }

    /// Watches an operation at a web process with a token that any of them gave.
    async fn watch(&self, web: usize, operation: &Value) -> Socket {
        let mut socket = self.connect(web).await;
        socket.send(&json!({ "type": "subscribe", "token": operation["token"] })).await;
        socket
    }

    /// An event stream, from an event on.
    async fn listen(&self, web: usize, path: &str, since: Option<&str>) -> Events {
        let mut headers = vec![("Cookie", self.cookie.as_str())];
        headers.extend(since.map(|since| ("Last-Event-ID", since)));
        Events::open(&self.url(web, path), &headers).await
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn is_finished(message: &Value) -> bool {
    message["liveop_finished"].is_object()
}

fn shows(message: &Value, what: &str) -> bool {
    text(message, "liveop_html").contains(what)
}

/// Two web processes, and a worker that looks at its rows much later than a test may take: what it
/// hears of a cancellation in time was said to it.
async fn fleet() -> Option<Fleet> {
    Fleet::start(2, 1, &[("LIVEOPS_LEASE_SECONDS", "600")]).await
}

#[tokio::test]
async fn what_one_web_process_started_another_one_cancels() {
    let Some(fleet) = fleet().await else { return };
    let ann = Person::sign_in(&fleet, "ann").await;
    let operation = ann.start(A, "demo.endless_task", json!({})).await;
    let mut page = ann.watch(A, &operation).await;
    page.next_matching("the run", |message| shows(message, "Running for")).await;

    let cancel = format!("{}cancel", text(&operation, "url"));
    ann.post(B, &cancel, json!({})).await;
    let end = page.next_matching("the end", is_finished).await;
    assert_eq!(end["liveop_finished"]["state"], "CANCELLED");
    // The run itself heard of it, and said so before it ended.
    let log = ann.get(B, &format!("{}log", text(&operation, "url"))).await;
    assert!(log.contains("Asked to stop"), "{log}");
}

#[tokio::test]
async fn the_list_of_one_web_process_hears_what_another_one_started() {
    let Some(fleet) = fleet().await else { return };
    let bob = Person::sign_in(&fleet, "bob-of-the-list").await;
    let channel = "liveops.owner.bob-of-the-list";
    let token = bob.post(B, "/live/token", json!({ "channels": [channel] })).await;
    let mut socket = bob.connect(B).await;
    socket.send(&json!({ "type": "subscribe", "token": token["tokens"][channel] })).await;
    socket.next_matching("the list", |message| message["type"] == "subscribed").await;
    let mut events = bob.listen(B, "/live/events", None).await;
    events.next_matching(|event| event.event == "operations-changed").await;

    let operation = bob.start(A, "demo.endless_task", json!({})).await;
    socket.next_matching("the change", |message| message["liveop_list_changed"] == true).await;
    events.next_matching(|event| event.event == "operations-changed").await;
    let list = bob.get(B, "/live/").await;
    assert!(list.contains(text(&operation, "id")), "{list}");
}

#[tokio::test]
async fn every_web_process_takes_the_tokens_of_the_others_and_gives_new_ones() {
    let Some(fleet) = fleet().await else { return };
    let ann = Person::sign_in(&fleet, "ann").await;
    let operation = ann.start(A, "demo.endless_task", json!({})).await;
    for web in [A, B] {
        let mut page = ann.watch(web, &operation).await;
        page.next_matching("the page", |message| message["type"] == "subscribed").await;
    }
    let channel = text(&operation, "channel");
    let granted = ann.post(B, "/live/token", json!({ "channels": [channel] })).await;
    let renewed = json!({ "token": granted["tokens"][channel] });
    for web in [A, B] {
        let mut page = ann.watch(web, &renewed).await;
        page.next_matching("the page", |message| message["type"] == "subscribed").await;
    }
    let eve = Person::sign_in(&fleet, "eve").await;
    let mut page = eve.watch(B, &operation).await;
    assert_eq!(page.closed().await, 4401, "a token is for one viewer");
}

#[tokio::test]
async fn every_web_process_shows_what_a_worker_runs() {
    let Some(fleet) = fleet().await else { return };
    let ann = Person::sign_in(&fleet, "ann").await;
    // Says something at once, and goes on for longer than the test looks.
    let input = json!({ "label": "from afar", "pace_ms": 5_000 });
    let operation = ann.start(A, "demo.demo_import", input).await;
    let mut page = ann.watch(A, &operation).await;
    page.next_matching("the log", |message| shows(message, "Connecting for from afar")).await;

    let url = text(&operation, "url");
    for web in [A, B] {
        let page = ann.get(web, url).await;
        assert!(page.contains("Importing from afar"), "no status in {page}");
        assert!(page.contains("Connecting for from afar"), "no log in {page}");
        let log = ann.get(web, &format!("{url}log")).await;
        assert!(log.contains("Connecting for from afar"), "no line in {log:?}");
    }
}

#[tokio::test]
async fn a_stream_goes_on_at_another_web_process() {
    let Some(fleet) = fleet().await else { return };
    let ann = Person::sign_in(&fleet, "ann").await;
    let input = json!({ "label": "streamed", "pace_ms": 200 });
    let operation = ann.start(A, "demo.demo_import", input).await;
    let path = format!("{}events", text(&operation, "url"));
    let mut at_a = ann.listen(A, &path, None).await;
    let messages = at_a.until(|message| shows(message, "Downloading Compass")).await;
    let (place, _) = messages.last().unwrap();
    drop(at_a);

    let mut at_b = ann.listen(B, &path, Some(place)).await;
    let messages = at_b.until(is_finished).await;
    let caught_up = messages.iter().find(|(_, message)| message["type"] == "subscribed").unwrap();
    assert_ne!(caught_up.1["catch_up"], "reset", "{messages:?}");
    let said = |what: &str| messages.iter().filter(|(_, message)| shows(message, what)).count();
    assert_eq!(said("Connecting for streamed"), 0, "what was heard at A came again: {messages:?}");
    assert_eq!(said("Gasket has no price"), 1, "{messages:?}");
    assert_eq!(messages.last().unwrap().1["liveop_finished"]["state"], "FINISHED_OK");
}

#[tokio::test]
async fn a_page_follows_a_chain_that_a_worker_goes_along() {
    let Some(fleet) = fleet().await else { return };
    let ann = Person::sign_in(&fleet, "ann").await;
    let operation = ann.start(A, "demo.chain_start", json!({ "pace_ms": 300 })).await;
    let mut page = ann.watch(B, &operation).await;
    let moved = page
        .next_matching("the next operation", |message| message["liveop_chain"].is_object())
        .await;
    let next = &moved["liveop_chain"];
    assert!(shows(&moved, text(next, "pk")), "{moved}");
    page.send(&json!({ "type": "subscribe", "token": next["token"] })).await;
    let end = page.next_matching("the end", |message| {
        is_finished(message) && message["channel"] == next["channel"]
    });
    assert_eq!(end.await["liveop_finished"]["state"], "FINISHED_OK");
    let page = ann.get(A, text(next, "url")).await;
    assert!(page.contains("Received: a note from the first half"), "{page}");
}

/// The newest operation of somebody, once there is one.
async fn newest(person: &Person, web: usize) -> Value {
    let mut found = None;
    wait_until("an operation in the list", async || {
        let (_, list) = person.ask(person.http.get(person.url(web, "/live/"))).await;
        let list: Value = serde_json::from_str(&list).unwrap();
        found = list["operations"].get(0).cloned();
        found.is_some()
    })
    .await;
    found.unwrap()
}

#[tokio::test]
async fn a_page_shows_what_runs_in_a_terminal_and_can_cancel_it() {
    let Some(fleet) = fleet().await else { return };
    let ann = Person::sign_in(&fleet, "ann-at-the-terminal").await;
    let words = ["run", "demo.endless_task", "--owner", "ann-at-the-terminal"];
    let mut terminal = fleet.deployment().start("terminal", &words);
    let mut operation = newest(&ann, B).await;
    let channel = text(&operation, "channel").to_owned();
    let granted = ann.post(B, "/live/token", json!({ "channels": [channel] })).await;
    operation["token"] = granted["tokens"][&channel].clone();
    let mut page = ann.watch(B, &operation).await;
    // What it says when the page comes, and what it says later.
    for _ in 0..2 {
        page.next_matching("the run", |message| shows(message, "Running for")).await;
    }

    let cancel = format!("{}cancel", text(&operation, "url"));
    ann.post(A, &cancel, json!({})).await;
    let end = page.next_matching("the end", is_finished).await;
    assert_eq!(end["liveop_finished"]["state"], "CANCELLED");
    assert!(!terminal.ends().await.success(), "it was cancelled");
    let log = ann.get(A, &format!("{}log", text(&operation, "url"))).await;
    assert!(log.contains("Asked to stop"), "{log}");
}
