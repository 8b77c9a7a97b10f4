//! Text stays text, wherever it comes from and wherever it is shown.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use demo::Settings;
use liveops::{Config, LiveOperation, OperationId, RunnerKind, runner::Builder, testing::Socket};
use serde_json::{Value, json};

use crate::support::{
    app::{Answer, request},
    browser::Browser,
    demo::ServedDemo,
    hostile::{ESCAPED, Hostile, MARKUP, Place},
    multipart::{MULTIPART, multipart},
    served::{Served, html, is_subscribed, until},
};

#[track_caller]
fn assert_is_text(what: &str, html: &str) {
    assert!(!html.contains("<img"), "{what} is markup: {html}");
    assert!(html.contains(ESCAPED), "{what} is missing: {html}");
}

const NAMES: [&str; 3] = ["<title>", "class=\"op-title\">", "class=\"op-stage-name\">"];

/// The page without the title and the stage, which are markup on every page of the operation.
fn beside_names(html: &str) -> String {
    let without = |html: String, name: &&str| html.replace(&format!("{name}{ESCAPED}"), name);
    NAMES.iter().fold(html.to_owned(), without)
}

#[track_caller]
fn assert_place_is_text(place: Place, html: &str) {
    assert_is_text(&format!("{place:?}"), &beside_names(html));
}

/// Nothing that came with the request is shown as markup, if it is shown at all.
#[track_caller]
fn assert_is_harmless(what: &str, answer: &Answer) {
    let is_html = answer.header("content-type").starts_with("text/html");
    assert!(!is_html || !answer.body.contains("<img"), "{what}: {answer:?}");
}

async fn hostile() -> Served {
    Served::build(Config::default(), Builder::register::<Hostile>).await
}

/// An operation that runs and has said what it has to say, and a client that heard it.
async fn running(served: &Served, place: Place) -> (OperationId, Socket) {
    let id = enqueue(served, place).await;
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    if place.is_of_the_end() {
        until(&mut socket, is_subscribed).await;
    } else {
        let messages = until(&mut socket, |m| beside_names(html(m)).contains(ESCAPED)).await;
        assert_place_is_text(place, &messages.iter().map(html).collect::<String>());
    }
    (id, socket)
}

async fn enqueue(served: &Served, place: Place) -> OperationId {
    served.app.liveops.enqueue(Hostile { place }, "ann").await.unwrap()
}

#[tokio::test]
async fn what_a_run_says_is_text_in_every_message() {
    let served = hostile().await;
    for place in Place::ALL {
        let (id, mut socket) = running(&served, place).await;
        served.app.gate.open(1);
        let messages = until(&mut socket, |m| m["liveop_finished"].is_object()).await;
        let shown: String = messages.iter().map(html).collect();
        assert!(!shown.contains("<img"), "{place:?}: {shown}");
        if place == Place::Chain {
            let is_container = |m: &Value| html(m).contains("<live-operation");
            let chain = socket.next_matching("the next operation", is_container).await;
            assert_is_text("the title of the next operation", html(&chain));
            served.app.gate.open(1);
        }

        let mut late = served.connect().await;
        served.follow(&mut late, id, None).await;
        let messages = until(&mut late, is_subscribed).await;
        let shown: String = messages.iter().map(html).collect();
        if place.is_of_the_run() {
            assert!(!shown.contains("<img"), "{place:?}: {shown}");
        } else {
            assert_place_is_text(place, &shown);
        }
    }
}

#[tokio::test]
async fn what_a_run_says_is_text_on_its_page_then_and_later() {
    let served = hostile().await;
    for place in Place::ALL {
        let (id, _socket) = running(&served, place).await;
        let path = format!("/live/{}/{id}/", Hostile::OP_TYPE);
        let page = served.app.get(&path).await.body;
        for name in NAMES {
            assert!(page.contains(&format!("{name}{ESCAPED}")), "{name}: {page}");
        }
        if !place.is_of_the_end() {
            assert_place_is_text(place, &page);
        }
        served.app.gate.open(1);
        served.app.ends(id).await;
        let page = served.app.get(&path).await.body;
        if place.is_of_the_run() {
            assert!(!page.contains("<img"), "{place:?}: {page}");
        } else {
            assert_place_is_text(place, &page);
        }
        served.app.gate.open(usize::from(place == Place::Chain));

        let log = served.app.get(&format!("{path}log")).await;
        assert!(log.header("content-type").starts_with("text/plain"), "{log:?}");
        let mut as_json = request("GET", &path);
        as_json.headers_mut().insert(header::ACCEPT, "application/json".parse().unwrap());
        let as_json = served.app.send(as_json).await;
        assert_eq!(as_json.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn titles_and_owners_are_text_in_lists() {
    let served = hostile().await;
    served.app.liveops.enqueue(Hostile { place: Place::Status }, MARKUP).await.unwrap();
    let as_user = |user: &str, path: &str| {
        let mut request = request("GET", path);
        request.headers_mut().insert("x-user", user.parse().unwrap());
        request
    };
    let own = served.app.send(as_user(MARKUP, "/live/")).await.body;
    assert_is_text("the list of somebody so called", &own);
    let all = served.app.send(as_user("admin", "/live/")).await.body;
    assert_is_text("everybody's list", &all);
    assert!(all.matches(ESCAPED).count() > 1, "the owner and the title: {all}");
    let missing = served.app.send(as_user(MARKUP, "/live/test.hostile/7/")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_is_text("the error page of somebody so called", &missing.body);
}

/// The markup as it stands in an address.
fn in_an_address() -> String {
    url::form_urlencoded::byte_serialize(MARKUP.as_bytes()).collect()
}

#[tokio::test]
async fn an_address_is_text_in_its_answer() {
    let served = hostile().await;
    let (app, markup) = (&served.app, in_an_address());
    let searched = app.get(&format!("/live/?q={markup}")).await;
    assert_is_text("what is searched for", &searched.body);
    for query in ["state", "before", "op_type", "owner", "unknown"] {
        let path = format!("/live/?{query}={markup}");
        assert_is_harmless(&path, &app.get(&path).await);
    }
    assert_is_text("a wrong state", &app.get(&format!("/live/?state={markup}")).await.body);
    let path = markup.replace('+', "%20");
    for path in [
        format!("/live/{path}/{}/", OperationId::new()),
        format!("/live/{}/{path}/", Hostile::OP_TYPE),
        format!("/live/static/{path}"),
    ] {
        let answer = app.send(request("GET", &path)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.body.contains("<img"), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_form_is_text_in_its_refusal() {
    let served = hostile().await;
    let markup = in_an_address();
    let form = "application/x-www-form-urlencoded";
    let json = json!({ "place": MARKUP }).to_string();
    let part = String::from_utf8(multipart(&[("place", None, MARKUP)])).unwrap();
    for (path, media_type, body) in [
        ("test.hostile", form, format!("place={markup}")),
        ("test.hostile", form, format!("{markup}={markup}")),
        ("test.hostile", "application/json", json),
        ("test.hostile", "text/<img>", String::new()),
        ("%3Cimg%3E", form, String::new()),
        ("test.hostile", MULTIPART, part),
    ] {
        let request = Request::post(format!("/live/{path}/"))
            .header(header::CONTENT_TYPE, media_type)
            .header(header::ACCEPT, "text/html")
            .body(Body::from(body.clone()))
            .unwrap();
        let answer = served.app.send(request).await;
        assert!(answer.status.is_client_error(), "{body}: {answer:?}");
        assert_is_harmless(&body, &answer);
    }
}

#[tokio::test]
async fn a_files_name_is_text_in_what_is_said_of_the_file() {
    let demo =
        ServedDemo::with(|settings: &mut Settings| settings.runner = RunnerKind::Eager).await;
    let client = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let login = client.post(demo.server.url("/login")).form(&[("user", "ann")]);
    login.send().await.unwrap().error_for_status().unwrap();
    let import = client.post(demo.server.url("/live/demo.score_import/"));
    let page = import.form(&[("file", MARKUP)]).send().await.unwrap();
    assert_is_text("the name of a file that is not there", &page.text().await.unwrap());

    let file = reqwest::multipart::Part::text("student").file_name("<img src=x>.csv");
    let import = client.post(demo.server.url("/live/demo.score_import/"));
    let import = import.multipart(reqwest::multipart::Form::new().part("file", file));
    let page = import.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("class=\"liveop\"") && !page.contains("<img"), "{page}");
}

#[tokio::test]
async fn what_a_run_says_never_runs_in_the_browser() {
    let Some(browser) = Browser::open().await else { return };
    let served = hostile().await;
    for place in Place::ALL {
        let (id, _socket) = running(&served, place).await;
        browser.goto(&served.server.url(&format!("/live/test.hostile/{id}/"))).await;
        browser.wait_for(".op-stage").await;
        served.app.gate.open(1);
        match place {
            Place::Chain => {
                browser.wait_for(&format!("[id='op-{id}'][data-liveop-left]")).await;
                served.app.gate.open(1);
            }
            _ => browser.wait_for(".op-retry").await,
        }
        assert_no_markup_ran(&browser, &format!("{place:?}")).await;
    }
    browser.goto(&served.server.url(&format!("/live/?q={}", in_an_address()))).await;
    assert_no_markup_ran(&browser, "the list").await;
}

#[tokio::test]
async fn a_redirect_runs_no_script() {
    let served = hostile().await;
    let id = enqueue(&served, Place::Redirect).await;
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    served.app.gate.open(1);
    let is_end = |m: &Value| m["liveop_finished"].is_object();
    let end = socket.next_matching("the end", is_end).await;
    assert_eq!(end["liveop_finished"]["success_url"], Value::Null);
    let page = served.app.get(&format!("/live/test.hostile/{id}/")).await.body;
    assert!(page.contains("Finished") && !page.contains("javascript:"), "{page}");
}

async fn assert_no_markup_ran(browser: &Browser, what: &str) {
    let found = "[window.xss ?? null, document.images.length, \
        document.body.innerHTML.includes('&lt;img') || document.forms[0].q.value.includes('<img')]";
    assert_eq!(browser.evaluate(found).await, json!([Value::Null, 0, true]), "{what}");
}
