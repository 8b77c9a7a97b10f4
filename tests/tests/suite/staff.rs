//! Staff find every operation, read the content of its row, and act on several at once; no other user can.

use std::collections::HashSet;

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, StatusCode},
    middleware::map_request,
};
use liveops::{
    ChannelName, LiveOperation, OperationId, OperationState, Progress, Run, RunResult, UserId,
    runner::Builder, testing::Socket,
};
use sea_orm::sea_query::Expr;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{
    app::{Answer, ChainStart, Ending, Greeting, How, MARKUP, Steps, TestApp},
    browser::Browser,
    rows,
    served::{Served, html, is_subscribed},
    watched::WatchedApp,
};

/// Is the only one of its owner.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", unique = "input", queue = "night", priority = 7)]
struct OnlyOne {
    word: String,
}

impl Run for OnlyOne {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.cancelled().await;
        Ok(p.check_cancelled()?)
    }
}

async fn send(
    app: &TestApp,
    user: &str,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
) -> Answer {
    sent(app, user, method, path, more, "").await
}

async fn sent(
    app: &TestApp,
    user: &str,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
    body: &str,
) -> Answer {
    let request = Request::builder().method(method).uri(path).header("x-user", user);
    let request = more.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    app.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

const AS_JSON: (&str, &str) = ("accept", "application/json");
const AS_HTML: (&str, &str) = ("accept", "text/html");
const AS_PART: (&str, &str) = ("hx-request", "true");

async fn page(app: &TestApp, user: &str, path: &str) -> String {
    let answer = send(app, user, "GET", path, &[AS_HTML]).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.body
}

async fn listed(app: &TestApp, user: &str, query: &str) -> Value {
    let answer = send(app, user, "GET", &format!("/live/{query}"), &[AS_JSON]).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.body);
    answer.json()
}

async fn ids(app: &TestApp, user: &str, query: &str) -> Vec<OperationId> {
    let list = listed(app, user, query).await;
    let ids = list["operations"].as_array().unwrap().iter();
    ids.map(|operation| operation["id"].as_str().unwrap().parse().unwrap()).collect()
}

async fn bulk(app: &TestApp, body: &Value) -> Answer {
    let json = [("content-type", "application/json"), AS_JSON];
    sent(app, "admin", "POST", "/live/bulk", &json, &body.to_string()).await
}

async fn greeting(app: &TestApp, owner: &str) -> OperationId {
    let id = app.liveops.enqueue(Greeting { name: owner.to_owned() }, owner).await.unwrap();
    app.ends(id).await;
    id
}

async fn running(app: &TestApp, owner: &str) -> OperationId {
    let id = app.liveops.enqueue(Steps {}, owner).await.unwrap();
    app.reports_to::<Steps>("admin", id, "in Load").await;
    id
}

#[tokio::test]
async fn every_filter_and_order_lists_what_it_says() {
    let app = TestApp::spawn().await;
    let first = greeting(&app, "ann").await;
    let slow = running(&app, "bob").await;
    let failed = app.liveops.enqueue(Ending { how: How::UserError }, "ann").await.unwrap();
    app.ends(failed).await;
    let late = running(&app, "ann").await;
    let list = async |query: &str| ids(&app, "admin", query).await;

    assert_eq!(list("").await, [late, failed, slow, first]);
    assert_eq!(list("?sort=oldest").await, [first, slow, failed, late]);
    assert_eq!(list("?sort=last_finished").await, [failed, first]);
    assert_eq!(list("?sort=longest_running").await, [slow, late]);
    assert_eq!(list("?op_type=test.steps").await, [late, slow]);
    assert_eq!(list("?op_type=test.steps&owner=bob").await, [slow]);
    assert_eq!(list("?state=FINISHED_ERROR&age=1h").await, [failed]);
    assert_eq!(list("?age=over_1d").await, []);
    assert_eq!(list(&format!("?q={first}")).await, [first]);
    assert_eq!(list(&format!("?q={}", OperationId::new())).await, []);
    assert_eq!(list("?q=no-id-and-no-word").await, []);
    assert_eq!(list(&format!("?before={slow}")).await, [first]);

    app.liveops.cancel(slow).await.unwrap();
    app.ends(slow).await;
    assert_eq!(list("?sort=last_finished").await, [slow, failed, first]);
}

#[tokio::test]
async fn other_users_have_a_simple_list_of_their_own_operations() {
    let app = TestApp::eager().await;
    let (anns, _) = (greeting(&app, "ann").await, greeting(&app, "bob").await);
    for sort in ["newest", "oldest", "last_finished"] {
        assert_eq!(ids(&app, "ann", &format!("?sort={sort}&owner=bob")).await, [anns]);
    }
    let list = page(&app, "ann", "/live/").await;
    for staffs in
        ["name=\"op_type\"", "name=\"owner\"", "name=\"age\"", "name=\"sort\"", "bulk", "checkbox"]
    {
        assert!(!list.contains(staffs), "{staffs} in {list}");
        assert!(page(&app, "admin", "/live/").await.contains(staffs), "{staffs}");
    }
}

#[tokio::test]
async fn a_bad_value_is_refused_by_name() {
    let app = TestApp::eager().await;
    let id = OperationId::new();
    for (field, query) in [
        ("state", "state=LOST".to_owned()),
        ("done", "done=all".to_owned()),
        ("refused", "refused=51".to_owned()),
        ("age", "age=2h".to_owned()),
        ("sort", "sort=rank".to_owned()),
        ("before", "before=yesterday".to_owned()),
        ("next", "next=7".to_owned()),
        ("next", format!("sort=last_finished&next={id}")),
        ("next", format!("next=2026-01-01T00:00:00Z_{id}")),
        ("previous", format!("previous=2026-13-01T00:00:00Z_{id}")),
    ] {
        let answer = send(&app, "admin", "GET", &format!("/live/?{query}"), &[AS_JSON]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}: {answer:?}");
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "invalid_input", "{query}");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{field}: expected ")), "{message}");
        let found = query.rsplit('=').next().unwrap();
        assert!(message.ends_with(&format!("found `{found}`")), "{message}");
    }
}

#[tokio::test]
async fn a_parameter_that_is_given_twice_is_refused_like_a_bad_value() {
    let app = TestApp::eager().await;
    let query = "state=STARTED&state=CANCELLED";
    for (method, path) in [("GET", "/live/"), ("POST", "/live/bulk")] {
        let answer = send(&app, "admin", method, &format!("{path}?{query}"), &[AS_JSON]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {answer:?}");
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "invalid_input");
        assert!(error["message"].as_str().unwrap().contains("`state`"), "{error}");
    }
    let html = send(&app, "admin", "GET", &format!("/live/?{query}"), &[AS_HTML]).await;
    assert!(html.body.starts_with("<!DOCTYPE html>"), "{}", html.body);
}

#[tokio::test]
async fn pages_lead_on_and_back_and_keep_the_filter() {
    let app = TestApp::eager().await;
    for _ in 0..120 {
        greeting(&app, "ann").await;
    }
    let filter =
        "?op_type=test.greeting&state=FINISHED_OK&owner=ann&age=1d&sort=last_finished&q=greet";
    let mut pages = vec![listed(&app, "admin", filter).await];
    while let Some(url) = pages.last().unwrap()["next_url"].as_str() {
        for kept in filter.trim_start_matches('?').split('&') {
            assert!(url.contains(kept), "{kept} is not in {url}");
        }
        let next = listed(&app, "admin", url.strip_prefix("/live/").unwrap()).await;
        pages.push(next);
    }
    let count = |page: &Value| page["operations"].as_array().unwrap().len();
    assert_eq!(pages.iter().map(count).collect::<Vec<_>>(), [50, 50, 20]);
    assert_eq!(pages[0]["previous_url"], Value::Null);
    let back = pages[2]["previous_url"].as_str().unwrap();
    let back = listed(&app, "admin", back.strip_prefix("/live/").unwrap()).await;
    assert_eq!(back["operations"], pages[1]["operations"]);

    let end = listed(&app, "admin", &format!("{filter}&previous=end")).await;
    assert_eq!((count(&end), &end["next_url"]), (50, &Value::Null));

    let html = page(&app, "admin", &format!("/live/{filter}")).await;
    let escaped = filter.replace('&', "&amp;");
    for shown in [
        "<option value=\"test.greeting\" selected>Greeting</option>",
        "<option value=\"FINISHED_OK\" selected>",
        "name=\"owner\" value=\"ann\"",
        "<option value=\"1d\" selected>Within the last day</option>",
        "<option value=\"last_finished\" selected>",
        &format!("data-liveop-list=\"/live/{escaped}\""),
        &format!("action=\"/live/bulk{escaped}\""),
        "rel=\"next\"",
    ] {
        assert!(html.contains(shown), "{shown} is not in {html}");
    }
    let part = send(&app, "admin", "GET", &format!("/live/{filter}"), &[AS_PART]).await.body;
    assert!(part.starts_with("<table") && part.contains("data-liveop-tick"), "{part}");
}

#[tokio::test]
async fn what_is_done_to_many_is_told_for_each() {
    let app = TestApp::with(Builder::register::<OnlyOne>).await;
    let ended = greeting(&app, "ann").await;
    let busy = running(&app, "bob").await;
    let absent = OperationId::new();
    let answer =
        bulk(&app, &json!({ "action": "cancel", "ids": [busy, ended, absent, busy] })).await;
    assert_eq!(answer.status, StatusCode::OK);
    let told = answer.json();
    assert_eq!((&told["done"], &told["refused"]), (&json!(1), &json!(2)), "{told}");
    let codes: Vec<_> = told["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            (result["id"].clone(), result["done"].clone(), result["error"]["code"].clone())
        })
        .collect();
    let expected = [
        (json!(busy), json!(true), Value::Null),
        (json!(ended), json!(false), json!("already_ended")),
        (json!(absent), json!(false), json!("not_found")),
    ];
    assert_eq!(codes, expected);
    app.reaches(busy, OperationState::Cancelled).await;

    let again = bulk(&app, &json!({ "action": "retry", "ids": [ended, busy] })).await.json();
    assert_eq!(again["done"], 2, "{again}");
    app.until_row(ended, |row| row.attempt == 2 && row.state().is_terminal()).await;

    // One that counts as the same is in the way: the refusal leads there.
    let word = || OnlyOne { word: "one".into() };
    let old = app.liveops.enqueue(word(), "ann").await.unwrap();
    app.liveops.cancel(old).await.unwrap();
    app.ends(old).await;
    let same = app.liveops.enqueue(word(), "ann").await.unwrap();
    assert_ne!(old, same);
    let refused = bulk(&app, &json!({ "action": "restart", "ids": [old] })).await.json();
    let error = &refused["results"][0]["error"];
    assert_eq!(
        (&error["code"], &error["url"]),
        (&json!("duplicate"), &json!(format!("/live/test.only_one/{same}/")))
    );
}

#[tokio::test]
async fn a_plain_form_is_led_to_the_list_with_what_became_of_it() {
    let app = TestApp::spawn().await;
    let ended = greeting(&app, "ann").await;
    let busy = running(&app, "ann").await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = format!("action=cancel&id={busy}&id={ended}");
    let path = "/live/bulk?owner=ann&sort=oldest";
    let answer = sent(&app, "admin", "POST", path, &[form, AS_HTML], &body).await;
    let list = "/live/?owner=ann&sort=oldest&done=1&refused=1";
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, list));
    let html = page(&app, "admin", list).await;
    for shown in [
        "Applied to 1 of 2 operations.",
        "data-liveop-list=\"/live/?owner=ann&amp;sort=oldest\"",
        "action=\"/live/bulk?owner=ann&amp;sort=oldest\"",
    ] {
        assert!(html.contains(shown), "{shown} is not in {html}");
    }
    assert!(!page(&app, "admin", "/live/").await.contains("Applied to"));
    assert!(!page(&app, "ann", list).await.contains("Applied to"), "it is for staff");

    let part = sent(&app, "admin", "POST", path, &[form, AS_PART], &body).await;
    assert!(part.body.starts_with("<div id=\"liveops-bulk-outcome\""), "{}", part.body);
    assert!(part.body.contains("hx-swap-oob=\"true\""), "{}", part.body);
    let reason = format!(
        "<a href=\"/live/test.greeting/{ended}/\">Greeting</a>: The operation has already ended."
    );
    assert!(part.body.contains(&reason), "{}", part.body);
}

#[tokio::test]
async fn whoever_loads_the_answer_to_a_form_is_led_to_the_list() {
    let app = TestApp::eager().await;
    for (query, list) in [("", "/live/"), ("?owner=ann&q=a%20b", "/live/?owner=ann&q=a%20b")] {
        let answer = send(&app, "admin", "GET", &format!("/live/bulk{query}"), &[AS_HTML]).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, list));
    }
}

#[tokio::test]
async fn a_filter_that_is_refused_is_so_before_anything_is_done() {
    let app = TestApp::spawn().await;
    let busy = running(&app, "ann").await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = format!("action=cancel&id={busy}");
    for accept in [AS_HTML, AS_JSON, AS_PART] {
        let path = "/live/bulk?state=LOST";
        let answer = sent(&app, "admin", "POST", path, &[form, accept], &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{accept:?}: {answer:?}");
        assert!(answer.body.contains("state: expected"), "{}", answer.body);
    }
    assert!(!app.liveops.find(busy).await.unwrap().unwrap().cancel_requested);
}

#[tokio::test]
async fn what_no_page_sends_is_refused_and_nothing_is_done() {
    let app = TestApp::spawn().await;
    let busy = running(&app, "ann").await;
    let many: Vec<_> = (0..50).map(|_| OperationId::new()).chain([busy]).collect();
    for (body, named) in [
        (json!({ "action": "cancel", "ids": [] }), "No operations selected."),
        (json!({ "action": "cancel" }), "No operations selected."),
        (
            json!({ "action": "delete", "ids": [busy] }),
            "action: expected cancel or retry, found `delete`",
        ),
        (json!({ "ids": [busy] }), "action: expected"),
        (json!({ "action": "cancel", "ids": many }), "ids: expected at most 50 IDs, found 51"),
        (
            json!({ "action": "cancel", "ids": [busy, "7"] }),
            "ids: expected the ID of an operation, found `7`",
        ),
        (json!({ "action": "cancel", "id": [busy] }), "unknown field `id`"),
        (json!([busy]), ""),
    ] {
        let answer = bulk(&app, &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {answer:?}");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(named), "{body}: {message}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded"), AS_JSON];
    let answer =
        sent(&app, "admin", "POST", "/live/bulk", &form, &format!("action=cancel&id={busy}&id=7"))
            .await;
    let message = &answer.json()["error"]["message"];
    assert_eq!(*message, "id: expected the ID of an operation, found `7`");
    let file = [("content-type", "multipart/form-data; boundary=X")];
    let answer = sent(&app, "admin", "POST", "/live/bulk", &file, "").await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(!app.liveops.find(busy).await.unwrap().unwrap().cancel_requested);
}

#[tokio::test]
async fn staff_read_what_the_row_holds_and_its_owner_does_not() {
    let app = TestApp::with(Builder::register::<OnlyOne>).await;
    let id = app.liveops.enqueue(OnlyOne { word: MARKUP.into() }, "ann").await.unwrap();
    app.reaches(id, OperationState::Started).await;
    let path = format!("/live/test.only_one/{id}/");
    let worker = app.liveops.find(id).await.unwrap().unwrap().worker.unwrap();
    let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;";
    for secret in ["liveops-staff", escaped, "night", &worker] {
        let (owners, staffs) = (page(&app, "ann", &path).await, page(&app, "admin", &path).await);
        assert!(!owners.contains(secret), "{secret} in {owners}");
        assert!(staffs.contains(secret), "no {secret} in {staffs}");
        assert!(!staffs.contains(MARKUP), "{staffs}");
    }
    let staffs = page(&app, "admin", &path).await;
    for fact in [
        "<dt>Priority</dt><dd>7</dd>",
        "<dt>Attempt</dt><dd>Attempt 1 of 1</dd>",
        "<dt>Waiting time</dt>",
    ] {
        assert!(staffs.contains(fact), "no {fact} in {staffs}");
    }
    let part = send(&app, "admin", "GET", &format!("{path}staff"), &[AS_PART]).await;
    assert_eq!((part.status, part.header("cache-control")), (StatusCode::OK, "private, no-store"));
    assert!(part.body.starts_with("<dl") && staffs.contains(&part.body), "{}", part.body);

    let json = |answer: Answer| answer.json();
    let owners = json(send(&app, "ann", "GET", &path, &[AS_JSON]).await);
    let staffs = json(send(&app, "admin", "GET", &path, &[AS_JSON]).await);
    for field in ["input", "worker", "queue", "priority", "due_on", "attempts_before"] {
        assert_eq!(owners.get(field), None, "{field}");
        assert!(staffs.get(field).is_some_and(|value| !value.is_null()), "{field} in {staffs}");
    }
    assert_eq!(staffs["input"], json!({ "word": MARKUP }));
}

#[tokio::test]
async fn timings_are_for_everybody_who_sees_the_operation() {
    let app = TestApp::spawn().await;
    let id = running(&app, "ann").await;
    app.gate.open(1);
    app.reports::<Steps>(id, "in Process").await;
    let path = format!("/live/test.steps/{id}/");
    for user in ["ann", "admin"] {
        let json = send(&app, user, "GET", &path, &[AS_JSON]).await.json();
        let [load, process, save] = json["timings"].as_array().unwrap().as_slice() else {
            panic!("{json}")
        };
        assert_eq!(load["stage"], "Load");
        assert!(load["entered_on"].is_string() && load["left_on"].is_string(), "{load}");
        assert!(load["seconds"].as_f64().unwrap() >= 0.0, "{load}");
        assert_eq!((process["entered_on"].is_string(), &process["left_on"]), (true, &Value::Null));
        assert_eq!(
            save,
            &json!({ "stage": "Save", "entered_on": null, "left_on": null, "seconds": null })
        );
    }
    let staff = send(&app, "admin", "GET", &format!("{path}staff"), &[]).await.body;
    assert!(staff.contains("<th scope=\"row\">Load</th><td>done</td>"), "{staff}");
    assert!(!staff.contains("unknown"), "{staff}");
}

#[tokio::test]
async fn the_timings_of_an_old_row_are_unknown() {
    let app = TestApp::spawn().await;
    let id = running(&app, "ann").await;
    app.liveops.cancel(id).await.unwrap();
    app.ends(id).await;
    let update = rows::update(id).col_expr(rows::Column::StageTimings, Expr::value(None::<Value>));
    update.exec(&app.db).await.unwrap();
    let staff = send(&app, "admin", "GET", &format!("/live/test.steps/{id}/staff"), &[]).await.body;
    assert_eq!(staff.matches(">unknown<").count(), 3, "of the one stage that was entered: {staff}");
}

#[tokio::test]
async fn a_long_input_is_shown_up_to_a_bound() {
    let app = TestApp::eager().await;
    let id = app.liveops.enqueue(Greeting { name: "x".repeat(40_000) }, "ann").await.unwrap();
    let staff =
        send(&app, "admin", "GET", &format!("/live/test.greeting/{id}/staff"), &[]).await.body;
    assert!(staff.contains("[cut: 16384 of "), "{}", staff.len());
    assert!(staff.len() < 24_000, "{}", staff.len());
}

#[tokio::test]
async fn a_chain_is_led_along_both_ways() {
    let app = TestApp::spawn().await;
    let first = app.liveops.enqueue(ChainStart { name: "Ann".into() }, "ann").await.unwrap();
    app.gate.open(1);
    app.ends(first).await;
    let next = app.next_of(first).await.unwrap().operation_id();
    let (first_path, next_path) =
        (format!("/live/test.chain_start/{first}/"), format!("/live/test.greeting/{next}/"));
    let staff =
        async |path: &str| send(&app, "admin", "GET", &format!("{path}staff"), &[]).await.body;
    let leads = |to: &str, id| format!("<dd><a href=\"{to}\">{id}</a></dd>");
    assert!(staff(&first_path).await.contains(&leads(&next_path, next)));
    assert!(staff(&next_path).await.contains(&leads(&first_path, first)));
}

#[tokio::test]
async fn nothing_that_is_published_holds_what_is_for_staff() {
    let served = Served::build(liveops::Config::default(), Builder::register::<OnlyOne>).await;
    let token = |channel| served.token("admin", channel);
    let mut socket =
        Socket::connect(&served.server.socket_url("/live/ws"), &[("x-user", "admin")]).await;
    let lists = [ChannelName::owner(&UserId::from("ann")), ChannelName::all()];
    let mut published = Vec::new();
    for list in &lists {
        socket.send(&json!({ "type": "subscribe", "token": token(list) })).await;
        published.extend(socket.until("the subscription", is_subscribed).await);
    }
    let word = "only-for-staff".to_owned();
    let id = served.app.liveops.enqueue(OnlyOne { word }, "ann").await.unwrap();
    let own = ChannelName::operation(id);
    socket.send(&json!({ "type": "subscribe", "token": token(&own) })).await;
    let is_row = |message: &Value| html(message).contains("op-row-status");
    published.extend(told_in(&mut socket, &lists, is_row).await);

    served.app.liveops.cancel(id).await.unwrap();
    let [owners, all] = lists;
    let is_end = |message: &Value| {
        message["liveop_finished"].is_object() || message["liveop_list_changed"] == true
    };
    published.extend(told_in(&mut socket, &[own, owners, all], is_end).await);
    let published: Vec<_> = published.iter().map(Value::to_string).collect();
    for shown in ["op-controls-", "op-row-status-", "liveop_finished", "liveop_list_changed"] {
        let is_shown = published.iter().any(|message| message.contains(shown));
        assert!(is_shown, "{shown} is in none of {published:?}");
    }
    for message in &published {
        let is_for_staff = message.contains("only-for-staff") || message.contains("liveops-staff");
        assert!(!is_for_staff, "{message}");
    }
}

/// Everything that comes until in each of the channels there was one that `is_it`.
async fn told_in(
    socket: &mut Socket,
    channels: &[ChannelName],
    is_it: impl Fn(&Value) -> bool,
) -> Vec<Value> {
    let (mut told, mut messages) = (HashSet::new(), Vec::new());
    while !channels.iter().all(|channel| told.contains(channel.as_str())) {
        let message = socket.next_message().await;
        if is_it(&message) {
            told.insert(message["channel"].as_str().unwrap().to_owned());
        }
        messages.push(message);
    }
    messages
}

#[tokio::test]
async fn operations_whose_type_is_not_registered_are_listed_with_their_page() {
    let app = TestApp::spawn().await;
    let word = "from before".to_owned();
    let elsewhere = app.elsewhere(Builder::register::<OnlyOne>);
    let id = elsewhere.enqueue(OnlyOne { word }, "ann").await.unwrap();

    let list = listed(&app, "admin", "").await;
    let operation = &list["operations"][0];
    assert_eq!((&operation["id"], &operation["op_type"]), (&json!(id), &json!("test.only_one")));
    for (field, value) in [
        ("state", json!("NOT_STARTED")),
        ("stages", json!([])),
        ("timings", json!([])),
        ("url", json!(format!("/live/test.only_one/{id}/"))),
    ] {
        assert_eq!(operation[field], value, "{field} of {operation}");
    }
    let html = page(&app, "admin", "/live/").await;
    let title = format!("<a href=\"/live/test.only_one/{id}/\">test.only_one</a>");
    assert!(html.contains(&title), "{html}");

    let cancelled = bulk(&app, &json!({ "action": "cancel", "ids": [id] })).await.json();
    assert_eq!(cancelled["done"], 1, "{cancelled}");
    let refused = bulk(&app, &json!({ "action": "restart", "ids": [id] })).await.json();
    let message = "The application no longer supports this type of operation.";
    let error = json!({ "code": "not_registered", "message": message });
    assert_eq!(refused["results"][0]["error"], error);
}

const TICKED: &str = "[...document.querySelectorAll('[data-liveop-tick]:checked')].length";

#[tokio::test]
async fn two_that_are_ticked_are_cancelled_and_seen_to_be() {
    let Some(browser) = Browser::open().await else { return };
    let served = watched_by_staff().await;
    let app = &served.app;
    let (one, two) = (running(app, "ann").await, running(app, "bob").await);
    let left = running(app, "bob").await;
    let ended = greeting(app, "ann").await;

    browser.goto(&served.proxy.url("/live/")).await;
    browser.click("select[name=op_type] option[value='test.steps']").await;
    browser.click(".liveops-filter button").await;
    browser.wait_until("location.search.includes('op_type=test.steps')").await;
    browser.wait_until("document.querySelectorAll('[data-liveop-tick]').length === 3").await;
    let shown = browser.evaluate("document.body.innerHTML").await;
    assert!(!shown.as_str().unwrap().contains(&ended.to_string()), "{shown}");

    browser.click(&tick(one)).await;
    browser.click(&tick(two)).await;
    browser.wait_until("document.querySelector('#liveops-tick-all').indeterminate").await;
    // The list is loaded again, and what was ticked and has the focus still is and has.
    browser.evaluate("(document.querySelector('table').dataset.old = 1)").await;
    let fourth = running(app, "ann").await;
    browser.wait_for(&tick(fourth)).await;
    browser.wait_until("!document.querySelector('table').dataset.old").await;
    assert_eq!(browser.evaluate(TICKED).await, 2);
    assert_eq!(browser.evaluate("document.activeElement.value").await, json!(two));

    browser.click("button[value=cancel]").await;
    browser
        .wait_until(
            "document.querySelector('.liveops-outcome').innerText.includes('Applied to 2 of 2 operations.')",
        )
        .await;
    for id in [one, two] {
        browser.wait_for(&format!("[id='op-row-state-{id}'] [data-state=CANCELLED]")).await;
    }
    for id in [left, fourth] {
        browser.wait_for(&format!("[id='op-row-state-{id}'] [data-state=STARTED]")).await;
    }
    browser.wait_until(&format!("{TICKED} === 0")).await;
    assert_eq!(browser.navigation_count().await, 1, "the filter's, and no other");
    assert_eq!(browser.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn what_staff_see_of_an_operation_follows_it() {
    let Some(browser) = Browser::open().await else { return };
    let served = watched_by_staff().await;
    let id = running(&served.app, "ann").await;
    browser.goto(&served.page_of::<Steps>(id)).await;
    browser.click(".liveops-staff > summary").await;
    // A column of the stages is called the same, and is always there.
    let count = |text: &str| {
        format!("document.querySelector('.liveops-staff').innerText.split('{text}').length - 1")
    };
    assert_eq!(browser.evaluate(&count("Ended")).await, 1);
    served.app.gate.open(3);
    let (ended, ran) = (count("Ended"), count("Running time"));
    // A column of the attempts, too.
    browser.wait_until(&format!("{ended} === 3 && {ran} === 1")).await;
    assert_eq!(browser.evaluate("document.querySelector('.liveops-staff').open").await, true);
    assert_eq!(browser.navigation_count().await, 0);
    assert_eq!(browser.console_errors().await, [""; 0]);
}

/// An application that only staff use.
async fn watched_by_staff() -> WatchedApp {
    let mut app = TestApp::spawn().await;
    app.router = app.router.layer(map_request(async |mut request: Request<Body>| {
        request.headers_mut().insert("x-user", HeaderValue::from_static("admin"));
        request
    }));
    WatchedApp::serve(app, Router::new()).await
}

fn tick(id: OperationId) -> String {
    format!("[data-liveop-tick][value='{id}']")
}
