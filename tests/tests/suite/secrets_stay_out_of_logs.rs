//! Nothing that opens a door, and nothing that was sent in confidence, is written to a log.

use demo::Settings;
use liveops::{RunnerKind, testing::Socket};
use reqwest::{Client, Response, header};
use serde_json::{Value, json};
use tracing::Level;

use crate::support::{
    demo::ServedDemo,
    log::{Line, Log},
    served::is_subscribed,
};

/// What the user types into a form.
const CONFIDENCE: &str = "marzipan-in-the-cellar";

/// A user of the demo, and everything of theirs that no log may hold.
struct Session {
    demo: ServedDemo,
    client: Client,
    cookie: String,
    secrets: Vec<String>,
}

impl Session {
    async fn begin() -> Self {
        let demo =
            ServedDemo::with(|settings: &mut Settings| settings.runner = RunnerKind::Eager).await;
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let login = client.post(demo.server.url("/login")).form(&[("user", "ann")]);
        let answer = login.send().await.unwrap();
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let secret = cookie.split_once('=').unwrap().1.to_owned();
        Self { demo, client, cookie, secrets: vec![CONFIDENCE.to_owned(), secret] }
    }

    async fn post(&self, path: &str, media_type: &str, body: String) -> Response {
        let request = self.client.post(self.demo.server.url(path)).body(body);
        let request = request.header(header::COOKIE, &self.cookie);
        request.header(header::CONTENT_TYPE, media_type).send().await.unwrap()
    }

    async fn get(&self, path: &str) -> String {
        let request = self.client.get(self.demo.server.url(path));
        let answer = request.header(header::COOKIE, &self.cookie).send().await.unwrap();
        answer.text().await.unwrap()
    }

    async fn connect(&self, query: &str) -> Socket {
        let url = self.demo.server.socket_url(&format!("/live/ws{query}"));
        Socket::connect(&url, &[("Cookie", &self.cookie)]).await
    }

    /// Starts an operation with what was said in confidence; gives its JSON.
    async fn start(&mut self) -> Value {
        let form = "application/x-www-form-urlencoded";
        let answer =
            self.post("/live/demo.demo_import/", form, format!("label={CONFIDENCE}&pace_ms=0"));
        assert_eq!(answer.await.status(), 303);
        let input = json!({ "label": CONFIDENCE, "pace_ms": 0 }).to_string();
        let answer = self.post("/live/demo.demo_import/", "application/json", input).await;
        let operation: Value = answer.json().await.unwrap();
        self.keep(&operation["token"]);
        operation
    }

    /// Gets a page with a token on it, and another one over its channel.
    async fn look(&mut self, operation: &Value) {
        let page = self.get(operation["url"].as_str().unwrap()).await;
        let (_, rest) = page.split_once("data-liveop-token=\"").unwrap();
        self.keep(&json!(rest.split_once('"').unwrap().0));
        let wanted = json!({ "channels": [operation["channel"]] }).to_string();
        let tokens = self.post("/live/token", "application/json", wanted).await;
        let tokens: Value = tokens.json().await.unwrap();
        self.keep(&tokens["tokens"][operation["channel"].as_str().unwrap()]);
    }

    /// Follows the operation in both ways.
    async fn follow(&self, token: &str) {
        let mut socket = self.connect(&format!("?subscription_token={token}")).await;
        socket.next_matching("the subscription by address", is_subscribed).await;
        socket.send(&json!({ "type": "subscribe", "token": token })).await;
        socket.next_matching("the subscription by message", is_subscribed).await;
        socket.close().await;
    }

    /// Does everything wrong that can be done wrong with secrets.
    async fn fail(&self, operation: &Value, token: &str) {
        let json = "application/json";
        let path = "/live/demo.demo_import/";
        for (path, body) in [
            (path, format!("{{\"label\":\"{CONFIDENCE}")),
            (path, json!({ "label": [CONFIDENCE] }).to_string()),
            (path, json!({ "pace_ms": CONFIDENCE }).to_string()),
            ("/live/token", format!("{{\"channels\":\"{token}\"}}")),
            ("/live/token", json!({ "channels": [token] }).to_string()),
            ("/live/demo.failing_task/", "{}".to_owned()),
            ("/live/demo.panicking_task/", "{}".to_owned()),
        ] {
            self.post(path, json, body).await;
        }
        for path in [
            format!("/live/ws?subscription_token={token}"),
            format!("/live/ws?subscription_token={token}&subscription_token={token}"),
            format!("/live/?before={CONFIDENCE}&state={CONFIDENCE}"),
            format!("{}log?{CONFIDENCE}", operation["url"].as_str().unwrap()),
        ] {
            self.get(&path).await;
        }
        let tampered = format!("{token}x");
        let mut socket = self.connect(&format!("?subscription_token={tampered}")).await;
        assert_eq!(socket.closed().await, 4401);
        for text in [
            json!({ "type": "subscribe", "token": tampered }),
            json!({ "type": "subscribe", "tokens": token }),
            json!({ "type": "unsubscribe", "channel": token }),
            json!({ "type": "ack", "channel": token, "cursor": token }),
        ] {
            let mut socket = self.connect("").await;
            socket.send(&text).await;
            assert!(socket.closed().await > 1000, "{text}");
        }
    }

    fn keep(&mut self, token: &Value) {
        let token = token.as_str().unwrap().to_owned();
        assert!(token.len() > 100, "{token}");
        // Also a part of it would be too much.
        let (claims, _) = token.rsplit_once('.').unwrap();
        self.secrets.push(claims.to_owned());
        self.secrets.push(token);
    }
}

/// The lines of a whole session that hold a secret.
async fn betrayals() -> (Vec<Line>, usize) {
    let log = Log::begin();
    let mut session = Session::begin().await;
    let operation = session.start().await;
    session.look(&operation).await;
    for token in session.secrets.clone().iter().filter(|secret| secret.matches('.').count() == 2) {
        session.follow(token).await;
        session.fail(&operation, token).await;
    }
    let mut lines = log.lines();
    let all = lines.len();
    lines.retain(|line| session.secrets.iter().any(|secret| line.text.contains(secret)));
    (lines, all)
}

#[tokio::test]
async fn neither_tokens_nor_bodies_are_logged() {
    let (betrayals, lines) = betrayals().await;
    assert!(lines > 1_000, "only {lines} lines were collected");
    // tungstenite writes down whole frames there, as the documentation of the router says.
    for line in betrayals {
        let is_ours = ["liveops", "demo"].iter().any(|ours| line.target.starts_with(ours));
        assert!(!is_ours, "{line:?}");
        assert_eq!(line.level, Level::TRACE, "{line:?}");
    }
}
