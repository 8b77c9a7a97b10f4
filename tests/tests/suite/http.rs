//! The routes, as programs and browsers use them.

use std::path::PathBuf;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use liveops::{
    LiveOperation, OperationId, OperationState, Progress, Run, RunResult, RunnerKind,
    runner::Builder,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{
    app::{Answer, MARKUP, TestApp, request},
    files::{files_in, upload_folder},
    multipart::{MULTIPART, multipart_of_heads},
};

const JSON: &str = "application/json";

fn as_user(user: &str, method: &str, path: &str) -> Request<Body> {
    let mut request = request(method, path);
    request.headers_mut().insert("x-user", user.parse().unwrap());
    request
}

fn with_header(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

fn form(path: &str, body: &str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn file(path: &str, field: &str, file_name: &str, content: &str) -> Request<Body> {
    let head = format!("name=\"{field}\"; filename=\"{file_name}\"\r\nContent-Type: text/plain");
    let body = multipart_of_heads([(head.as_str(), content.as_bytes())]);
    Request::post(path).header(header::CONTENT_TYPE, MULTIPART).body(Body::from(body)).unwrap()
}

async fn created(app: &TestApp, op_type: &str, input: serde_json::Value) -> Answer {
    let answer = app.post_json(&format!("/live/{op_type}/"), &input.to_string()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer
}

/// Creates an operation and gives the path of its page.
async fn create(app: &TestApp, op_type: &str, input: serde_json::Value) -> String {
    created(app, op_type, input).await.header("location").to_owned()
}

#[tokio::test]
async fn json_creates_an_operation_and_says_where_it_is() {
    let app = TestApp::eager().await;
    let answer = created(&app, "test.greeting", json!({ "name": "Ann" })).await;
    let operation = answer.json();
    let id: OperationId = operation["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(answer.header("location"), format!("/live/test.greeting/{id}/"));
    assert_eq!(operation["channel"], format!("liveop.{id}"));
    assert_eq!(operation["owner"], "ann");
    assert!(operation["token"].is_string());

    let page = with_header(request("GET", answer.header("location")), "accept", JSON);
    let operation = app.send(page).await.json();
    assert_eq!(operation["state"], "FINISHED_OK");
    assert_eq!(operation["result"], json!({ "greeting": "Hello, Ann!", "letters": 3 }));
    assert_eq!(operation["status"], "greeting Ann");
    assert_eq!(operation["percent"], 100.0);
    assert_eq!(operation["attempt"], 1);
    assert!(operation["cursor"].is_string());
}

#[tokio::test]
async fn a_form_creates_an_operation_and_leads_to_its_page() {
    let app = TestApp::eager().await;
    let answer = app.send(form("/live/test.greeting/", "name=Ann+%26+Bob")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let page = app.get(answer.header("location")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Hello, Ann &amp; Bob!"), "{}", page.body);
}

#[tokio::test]
async fn htmx_is_led_to_the_page_without_a_redirect_it_would_follow_itself() {
    let app = TestApp::eager().await;
    let answer = with_header(form("/live/test.greeting/", "name=Ann"), "hx-request", "true");
    let answer = app.send(answer).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(answer.header("hx-redirect").starts_with("/live/test.greeting/"));
}

/// Takes a file.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form)]
struct Sheet {
    file: PathBuf,
}

impl Run for Sheet {
    type Output = PathBuf;

    async fn run(&self, _: Progress<Self>) -> RunResult<PathBuf> {
        Ok(self.file.clone())
    }
}

#[tokio::test]
async fn an_uploaded_file_becomes_a_path() {
    let uploads = upload_folder();
    let config = liveops::Config::default().with_upload_dir(uploads.path());
    let change = |builder: Builder<_>| builder.register::<Sheet>().config(config);
    let app = TestApp::with(|builder| change(builder).runner(RunnerKind::Eager)).await;
    let answer = app.send(file("/live/test.sheet/", "file", "a.csv", "a,b,c")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    let page = with_header(request("GET", answer.header("location")), "accept", JSON);
    let operation = app.send(page).await.json();
    let path = operation["result"].as_str().unwrap();
    assert!(path.ends_with(".csv"), "{path}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "a,b,c");
}

#[tokio::test]
async fn an_upload_that_is_too_large_is_refused_and_leaves_no_file() {
    let uploads = upload_folder();
    let config = liveops::Config::default()
        .with_body_bytes_max(1_000)
        .with_upload_bytes_max(1_000)
        .with_upload_dir(uploads.path());
    let app = TestApp::with(|builder| builder.register::<Sheet>().config(config)).await;
    let huge = "x".repeat(2_000);
    let answer = app.send(file("/live/test.sheet/", "file", "a.csv", &huge)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = app.post_json("/live/test.sheet/", &json!({ "file": huge }).to_string()).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.json()["error"]["code"], "too_large");

    let answer = app.send(file("/live/test.sheet/", "flie", "a.csv", "a")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(files_in(uploads.path()).len(), 0);
}

#[tokio::test]
async fn a_wrong_input_is_named() {
    let app = TestApp::eager().await;
    for (body, expected) in [
        ("{", "EOF"),
        ("{}", "missing field `name`"),
        (r#"{"name": 7}"#, "name: invalid type: integer `7`, expected a string"),
        (r#"{"name": "Ann"} more"#, "trailing"),
    ] {
        let answer = app.post_json("/live/test.greeting/", body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(expected), "{body}: {message}");
    }
    let answer = app.send(form("/live/test.greeting/", "nmae=Ann")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("missing field `name`"), "{}", answer.body);
}

#[tokio::test]
async fn an_operation_without_input_is_created_from_nothing() {
    let app = TestApp::eager().await;
    for body in ["{}", "null"] {
        let answer = app.post_json("/live/test.nothing/", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{body}: {answer:?}");
    }
    for request in [form("/live/test.nothing/", ""), request("POST", "/live/test.nothing/")] {
        let answer = app.send(request).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    }
    let answer = app.post_json("/live/test.nothing/", r#"{"name": 7}"#).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let app = TestApp::eager().await;
    let request = Request::post("/live/test.greeting/").header(header::CONTENT_TYPE, "text/xml");
    let answer = app.send(request.body(Body::from("<a/>")).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let app = TestApp::eager().await;
    let path = create(&app, "test.greeting", json!({ "name": "Ann" })).await;
    let other_type = path.replace("test.greeting", "test.ending");
    for path in [
        "/live/test.absent/00000000-0000-7000-8000-000000000000/",
        "/live/test.greeting/00000000-0000-7000-8000-000000000000/",
        "/live/test.greeting/not-an-id/",
        &other_type,
    ] {
        assert_eq!(app.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        let log = format!("{path}log");
        assert_eq!(app.get(&log).await.status, StatusCode::NOT_FOUND, "{log}");
        for action in ["cancel", "retry", "restart"] {
            let path = format!("{path}{action}");
            assert_eq!(app.post(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    let answer = app.post_json("/live/test.absent/", "{}").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["error"]["code"], "not_found");
}

/// Leads to what nobody may start by themselves.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", public)]
struct Checkout;

impl Run for Checkout {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.chain_to(Payout { cents: 1 });
        Ok(())
    }
}

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", internal)]
struct Payout {
    cents: u32,
}

impl Run for Payout {
    type Output = u32;

    async fn run(&self, _: Progress<Self>) -> RunResult<u32> {
        Ok(self.cents)
    }
}

#[tokio::test]
async fn an_internal_operation_is_created_by_code_alone() {
    let app = TestApp::with(|builder| {
        builder.runner(RunnerKind::Eager).register::<Checkout>().register::<Payout>()
    })
    .await;
    for user in ["ann", "admin"] {
        let posted = as_user(user, "POST", "/live/test.payout/");
        let posted = with_header(posted, "content-type", JSON).map(|_| r#"{"cents":9}"#.into());
        assert_eq!(app.send(posted).await.status, StatusCode::NOT_FOUND);
        let form = with_header(as_user(user, "GET", "/live/test.payout/"), "accept", JSON);
        assert_eq!(app.send(form).await.status, StatusCode::NOT_FOUND);
    }

    let by_chain = create(&app, "test.checkout", json!(null)).await;
    let page = app.get(&by_chain).await;
    assert!(page.body.contains("test.payout"), "{page:?}");
    let by_code = app.liveops.enqueue(Payout { cents: 2 }, "ann").await.unwrap();
    let page = app.get(&app.liveops.url(Payout::OP_TYPE, by_code)).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn somebody_elses_operation_is_not_found() {
    let app = TestApp::eager().await;
    let path = create(&app, "test.greeting", json!({ "name": "Ann" })).await;
    for (method, path) in [
        ("GET", path.clone()),
        ("GET", format!("{path}log")),
        ("POST", format!("{path}cancel")),
        ("POST", format!("{path}restart")),
    ] {
        let answer = app.send(as_user("bob", method, &path)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
    }
    let answer = app.send(as_user("admin", "GET", &path)).await;
    assert_eq!(answer.status, StatusCode::OK, "staff see the operations of all users");
}

#[tokio::test]
async fn a_list_holds_the_viewers_own() {
    let app = TestApp::eager().await;
    for name in ["One", "Two"] {
        create(&app, "test.greeting", json!({ "name": name })).await;
    }
    create(&app, "test.ending", json!({ "how": "user_error" })).await;
    let list = async |user: &str, query: &str| {
        let request = as_user(user, "GET", &format!("/live/{query}"));
        let answer = app.send(with_header(request, "accept", JSON)).await;
        let json = answer.json();
        let operations = json["operations"].as_array().unwrap_or_else(|| panic!("{json}"));
        operations.iter().map(|o| o["status"].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list("ann", "").await, ["", "greeting Two", "greeting One"]);
    assert_eq!(list("ann", "?state=FINISHED_ERROR").await, [""]);
    assert_eq!(list("ann", "?state=&q=two").await, ["greeting Two"]);
    assert_eq!(list("ann", "?q=%25").await, [""; 0], "a search is no pattern");
    assert_eq!(list("bob", "").await, [""; 0]);
    assert_eq!(list("bob", "?owner=ann").await, [""; 0]);
    assert_eq!(list("admin", "?owner=ann&op_type=test.ending").await, [""]);

    let answer = app.get("/live/?state=LOST").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("found `LOST`"), "{}", answer.body);

    let of_length = |length| format!("/live/?q={}", "x".repeat(length));
    assert_eq!(app.get(&of_length(200)).await.status, StatusCode::OK);
    let answer = app.get(&of_length(201)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains("q: expected at most 200 characters, found 201"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_long_list_goes_on_where_the_page_ended() {
    let app = TestApp::eager().await;
    for n in 0..60 {
        create(&app, "test.greeting", json!({ "name": n.to_string() })).await;
    }
    let mut url = Some("/live/?q=greeting".to_owned());
    let mut seen = Vec::new();
    while let Some(path) = url {
        let page = app.send(with_header(request("GET", &path), "accept", JSON)).await.json();
        seen.extend(page["operations"].as_array().unwrap().iter().map(|o| o["id"].clone()));
        url = page["next_url"].as_str().map(str::to_owned);
    }
    let mut newest_first = seen.clone();
    newest_first.sort_by(|a, b| b.as_str().cmp(&a.as_str()));
    newest_first.dedup();
    assert_eq!((seen.len(), &seen), (60, &newest_first));
}

#[tokio::test]
async fn a_list_gives_htmx_the_table_alone() {
    let app = TestApp::eager().await;
    create(&app, "test.greeting", json!({ "name": "Ann" })).await;
    let page = app.get("/live/").await;
    assert!(page.body.contains("<!DOCTYPE html>") && page.body.contains("liveops-list"));
    let part = app.send(with_header(request("GET", "/live/"), "hx-request", "true")).await;
    assert!(part.body.starts_with("<table"), "{}", part.body);
    assert!(part.header("vary").contains("HX-Request"));
}

#[tokio::test]
async fn the_log_is_there_as_text() {
    let app = TestApp::eager().await;
    let path = create(&app, "test.greeting", json!({ "name": "Ann" })).await;
    let log = app.get(&format!("{path}log")).await;
    assert!(log.header("content-type").starts_with("text/plain"));
    assert!(log.body.trim_end().ends_with("info    hello, Ann"), "{}", log.body);
}

#[tokio::test]
async fn an_internal_error_is_kept_from_its_owner() {
    let app = TestApp::eager().await;
    for how in ["internal_error", "panic", "unserializable"] {
        let answer = created(&app, "test.ending", json!({ "how": how })).await;
        let id: OperationId = answer.json()["id"].as_str().unwrap().parse().unwrap();
        let page = app.get(answer.header("location")).await;
        assert!(page.body.contains(&format!("give support this reference: {id}")), "{how}");
        assert!(!page.body.contains("secret"), "{how}: {}", page.body);
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!(row.state(), OperationState::FinishedError, "{how}");
        assert!(!row.traceback.unwrap().is_empty(), "{how}");
    }
}

#[tokio::test]
async fn a_user_error_is_shown_as_it_is() {
    let app = TestApp::eager().await;
    let path = create(&app, "test.ending", json!({ "how": "user_error" })).await;
    assert!(app.get(&path).await.body.contains("The file has no header"));
}

#[tokio::test]
async fn text_never_becomes_markup() {
    let app = TestApp::eager().await;
    let path = create(&app, "test.ending", json!({ "how": "markup" })).await;
    let page = app.get(&path).await;
    assert!(!page.body.contains(MARKUP), "{}", page.body);
    assert_eq!(page.body.matches("&lt;script&gt;").count(), 4, "status, log, key and value");
    let list = app.get("/live/").await;
    assert!(!list.body.contains(MARKUP), "{}", list.body);
}

#[tokio::test]
async fn cancelling_what_has_ended_is_refused_politely() {
    let app = TestApp::eager().await;
    let path = create(&app, "test.greeting", json!({ "name": "Ann" })).await;
    let cancel = with_header(request("POST", &format!("{path}cancel")), "accept", JSON);
    let answer = app.send(cancel).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.json()["error"]["message"], "The operation has already ended.");
}

#[tokio::test]
async fn retrying_runs_it_again() {
    let app = TestApp::eager().await;
    let path = create(&app, "test.ending", json!({ "how": "user_error" })).await;
    // `restart` is the older name of the same route.
    for (action, attempt) in [("retry", 2), ("restart", 3)] {
        let answer = app.post(&format!("{path}{action}")).await;
        let location = answer.header("location");
        assert_eq!((answer.status, location), (StatusCode::SEE_OTHER, path.as_str()), "{action}");
        let operation = app.send(with_header(request("GET", &path), "accept", JSON)).await.json();
        assert_eq!(operation["state"], "FINISHED_ERROR", "{action}");
        assert_eq!(operation["attempt"], attempt, "{action}");
    }
}

#[tokio::test]
async fn a_running_operation_cannot_be_retried() {
    let app = TestApp::spawn().await;
    let path = create(&app, "test.steps", json!({})).await;
    let answer = app.post(&format!("{path}retry")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn requests_from_other_sites_are_refused() {
    let app = TestApp::eager().await;
    let post = || form("/live/test.greeting/", "name=Ann");
    for (name, value, status) in [
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-site", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-origin", StatusCode::SEE_OTHER),
        ("sec-fetch-site", "none", StatusCode::SEE_OTHER),
        ("origin", "https://evil.example", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("origin", "http://app.example", StatusCode::SEE_OTHER),
    ] {
        let request = with_header(post(), "host", "app.example");
        let answer = app.send(with_header(request, name, value)).await;
        assert_eq!(answer.status, status, "{name}: {value}");
    }
    let get = with_header(request("GET", "/live/"), "sec-fetch-site", "cross-site");
    assert_eq!(app.send(get).await.status, StatusCode::OK, "a link from elsewhere is fine");
}

#[tokio::test]
async fn an_allowed_origin_may_post() {
    let mut config = liveops::Config::default();
    config.allowed_origins = vec!["https://intranet.example".to_owned()];
    let app = TestApp::with(|builder| builder.config(config)).await;
    let request =
        with_header(form("/live/test.greeting/", "name=A"), "sec-fetch-site", "cross-site");
    let answer = app.send(with_header(request, "origin", "https://intranet.example")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn only_the_required_group_comes_in() {
    let mut config = liveops::Config::default();
    config.required_group = Some("importers".to_owned());
    let app = TestApp::with(|builder| builder.config(config)).await;
    let answer = app.get("/live/").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("<h1>Not allowed</h1>"), "a page for people: {}", answer.body);
    let answer = app.ask("GET", "/live/").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.json()["error"]["code"], "forbidden");
    let answer = app.send(as_user("admin", "GET", "/live/")).await;
    assert_eq!(answer.status, StatusCode::OK, "staff are exempt");
}

#[tokio::test]
async fn files_are_cached_for_ever_under_names_that_tell_their_content() {
    let app = TestApp::eager().await;
    let page = app.get("/live/").await.body;
    let urls: Vec<&str> =
        page.split('"').filter(|part| part.starts_with("/live/static/")).collect();
    assert_eq!(urls.len(), 3, "{page}");
    for url in urls {
        let file = app.get(url).await;
        assert_eq!(file.status, StatusCode::OK, "{url}");
        assert!(file.header("cache-control").contains("immutable"));
    }
    assert_eq!(app.get("/live/static/liveops.js").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn fresh_tokens_are_given_for_what_the_viewer_may_follow() {
    let app = TestApp::eager().await;
    let operation = created(&app, "test.greeting", json!({ "name": "Ann" })).await.json();
    let channel = operation["channel"].as_str().unwrap();
    let wanted = json!({
        "channels": [channel, "liveops.owner.ann", "liveops.owner.bob", "nonsense"]
    });
    let tokens = app.post_json("/live/token", &wanted.to_string()).await.json();
    let mut granted: Vec<_> = tokens["tokens"].as_object().unwrap().keys().collect();
    granted.sort();
    assert_eq!(granted, [channel, "liveops.owner.ann"]);
}

#[tokio::test]
async fn the_mount_answers_with_and_without_its_slash() {
    let app = TestApp::eager().await;
    let answer = app.get("/live").await;
    assert_eq!(answer.header("location"), "/live/");
}
