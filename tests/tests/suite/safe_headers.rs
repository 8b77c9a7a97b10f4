//! The conventions of HTTP: headers of every answer, slashes, preferences, HEAD and validation of caches.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use liveops::{Config, OperationId};

use crate::support::{
    app::{Answer, Greeting, TestApp},
    routes::{Kind, ROUTES},
};

async fn ended() -> (TestApp, OperationId) {
    let app = TestApp::eager().await;
    let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    app.ends(id).await;
    (app, id)
}

fn asks(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Body::empty()).unwrap()
}

#[track_caller]
fn assert_protected(headers: &axum::http::HeaderMap, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "same-origin"),
    ] {
        assert_eq!(headers.get(name).map(|value| value.to_str().unwrap()), Some(value), "{what}");
    }
}

#[tokio::test]
async fn every_answer_about_a_viewers_data_stays_out_of_shared_caches() {
    let (app, id) = ended().await;
    for route in ROUTES {
        for (user, accept) in [("ann", "text/html"), ("ann", "application/json"), ("bob", "*/*")] {
            for hx in ["true", "false"] {
                let headers = [("x-user", user), ("accept", accept), ("hx-request", hx)];
                let path = route.of("test.greeting", id);
                let request = asks(&route.method.to_uppercase(), &path, &headers);
                let head = app.head(request).await;
                let what = format!("{} {path} {headers:?}: {}", route.method, head.status);
                assert_protected(&head.headers, &what);
                let caching = head.headers["cache-control"].to_str().unwrap();
                let is_page = route.method == "get"
                    && accept != "application/json"
                    && matches!(route.path, "/" | "/{op_type}/" | "/{op_type}/{id}/");
                match (route.path, head.status) {
                    // Not a file of this version.
                    ("/static/{name}", status) => {
                        assert_eq!(
                            (status, caching),
                            (StatusCode::NOT_FOUND, "no-store"),
                            "{what}"
                        );
                    }
                    // The browser's back button shows these, live, from its own cache.
                    (_, StatusCode::OK) if is_page && caching == "private, no-cache" => {}
                    _ => assert_eq!(caching, "private, no-store", "{what}"),
                }
                if route.kind != Kind::Public {
                    let vary = head.headers["vary"].to_str().unwrap().to_ascii_lowercase();
                    assert!(
                        vary.contains("accept-language") && vary.contains("hx-request"),
                        "{what}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_slash_too_many_or_too_few_leads_to_the_right_address() {
    let (app, id) = ended().await;
    let page = format!("/live/test.greeting/{id}");
    for (path, leads_to) in [
        ("/live".to_owned(), "/live/".to_owned()),
        ("/live?state=CANCELLED".to_owned(), "/live/?state=CANCELLED".to_owned()),
        ("/live/test.greeting".to_owned(), "/live/test.greeting/".to_owned()),
        (page.clone(), format!("{page}/")),
        (format!("{page}?a=b"), format!("{page}/?a=b")),
        (format!("/live/test.greeting/{}", id.to_string().to_uppercase()), format!("{page}/")),
        (format!("{page}/log/"), format!("{page}/log")),
        (format!("{page}/cancel/"), format!("{page}/cancel")),
        ("/live/events/".to_owned(), "/live/events".to_owned()),
    ] {
        for method in ["GET", "POST", "HEAD"] {
            let head = app.head(asks(method, &path, &[])).await;
            assert_eq!(head.status, StatusCode::PERMANENT_REDIRECT, "{method} {path}");
            assert_eq!(head.headers["location"].to_str().unwrap(), leads_to, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_the_right_slash_never_leaves_the_site() {
    let root = Config::default().with_mount("");
    let root = TestApp::with(|builder| builder.config(root)).await;
    let app = TestApp::eager().await;
    for path in [
        "/\\evil.example",
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "/evil.example%2f..",
        "/http:evil",
        "/a%0d%0aSet-Cookie:b",
        "/a/not-an-id",
    ] {
        for (app, path) in [(&root, path.to_owned()), (&app, format!("/live{path}"))] {
            let head = app.head(asks("GET", &path, &[])).await;
            assert_eq!(head.status, StatusCode::NOT_FOUND, "{path}");
            assert!(!head.headers.contains_key("location"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_weights_of_accept_choose_between_page_and_json() {
    let app = TestApp::eager().await;
    for (accept, content_type, is_json) in [
        ("application/json", "", true),
        ("text/html, application/json;q=0.1", "", false),
        ("text/html;q=0.1, application/json", "", true),
        ("application/json;q=0, text/html", "", false),
        ("application/json, text/plain, */*", "", true),
        ("APPLICATION/JSON", "", true),
        ("application/*", "", true),
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/json",
            false,
        ),
        ("*/*", "", false),
        ("*/*", "application/json", true),
        ("*/*", "application/json; charset=utf-8", true),
        ("", "", false),
        ("application/jsonp", "", false),
    ] {
        let headers = [("accept", accept), ("content-type", content_type)];
        let headers: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let head = app.head(asks("GET", "/live/", &headers)).await;
        let found = head.headers["content-type"].to_str().unwrap().starts_with("application/json");
        assert_eq!(found, is_json, "{headers:?}");
    }
}

#[tokio::test]
async fn the_weights_of_accept_language_choose_the_language() {
    let app = TestApp::eager().await;
    let language = async |accepted: &str| {
        let headers = [("accept", "text/html"), ("accept-language", accepted)];
        let page: Answer = app.send(asks("GET", "/live/", &headers)).await;
        page.body.split("<html lang=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    for (accepted, tag) in [
        ("pl;q=0.1, de;q=0.9", "de"),
        ("pl, de;q=0.9", "pl"),
        ("pl;q=0, fr;q=0.1", "fr"),
        ("de;q=0.5,fr;q=0.500,pl;q=0.499", "de"),
        ("xx, uk;q=0.3, *;q=0.1", "uk"),
    ] {
        assert_eq!(language(accepted).await, tag, "{accepted}");
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let (app, id) = ended().await;
    let page = format!("/live/test.greeting/{id}/");
    let script = script_of(&app.get("/live/").await.body);
    for path in ["/live/", page.as_str(), &format!("{page}log"), script.as_str()] {
        let get = app.send(asks("GET", path, &[])).await;
        let head = app.send(asks("HEAD", path, &[])).await;
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        for name in ["content-type", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path}");
        }
    }
}

#[tokio::test]
async fn a_cached_file_is_validated_with_any_of_its_tags() {
    let app = TestApp::eager().await;
    let script = script_of(&app.get("/live/").await.body);
    let tag = app.get(&script).await.header("etag").to_owned();
    let strong = tag.trim_start_matches("W/").to_owned();
    for (tags, status) in [
        (tag.clone(), StatusCode::NOT_MODIFIED),
        (strong, StatusCode::NOT_MODIFIED),
        (format!("\"other\", {tag}"), StatusCode::NOT_MODIFIED),
        ("*".to_owned(), StatusCode::NOT_MODIFIED),
        ("\"other\"".to_owned(), StatusCode::OK),
    ] {
        let file = app.send(asks("GET", &script, &[("if-none-match", &tags)])).await;
        assert_eq!(file.status, status, "{tags}");
        assert_eq!(file.body.is_empty(), status == StatusCode::NOT_MODIFIED, "{tags}");
        assert!(file.header("cache-control").contains("immutable"));
    }
}

fn script_of(page: &str) -> String {
    let mut urls = page.split('"').filter(|part| part.starts_with("/live/static/liveops-"));
    urls.find(|url| url.ends_with(".js")).unwrap().to_owned()
}
