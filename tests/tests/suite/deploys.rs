//! Pages during a deployment: processes of two versions answer in turns.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{Next, from_fn},
    response::Response,
};
use liveops::OperationState;

use crate::support::{
    app::{Steps, TestApp},
    browser::Browser,
    watched::{CONNECTED, WatchedApp},
};

/// Changes the text of every answer to a path that `is_meant`.
async fn rewritten(response: Response, change: impl FnOnce(String) -> String) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = change(String::from_utf8(bytes.to_vec()).unwrap());
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(text))
}

/// A page of another version: its files have other hashes.
async fn as_another_version(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let content_type = response.headers().get(header::CONTENT_TYPE).cloned();
    if content_type.is_none_or(|found| !found.to_str().unwrap().starts_with("text/html")) {
        return response;
    }
    rewritten(response, |page| {
        let mut parts = page.split("/static/");
        let mut changed = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('"').unwrap();
            let (stem, hash) = name.rsplit_once('-').unwrap();
            let (_, extension) = hash.split_once('.').unwrap();
            changed += &format!("/static/{stem}-0123456789abcdef.{extension}\"{rest}");
        }
        changed
    })
    .await
}

#[tokio::test]
async fn a_page_of_another_version_finds_its_script_and_its_style() {
    let app = TestApp::spawn().await;
    let page = app.get("/live/").await.body;
    let urls: Vec<_> = page.split('"').filter(|part| part.starts_with("/live/static/")).collect();
    assert_eq!(urls.len(), 3, "{page}");
    for url in urls {
        let (stem, hash) = url.rsplit_once('-').unwrap();
        let (_, extension) = hash.split_once('.').unwrap();
        let other = app.get(&format!("{stem}-0123456789abcdef.{extension}")).await;
        assert_eq!(other.status, StatusCode::OK, "{url}");
        assert_eq!(other.body, app.get(url).await.body, "{url}");
        assert_eq!(other.header("cache-control"), "public, no-cache", "{url}");
    }
    for name in ["liveops.js", "other-0123456789abcdef.js", "liveops-0123456789abcdef.map", "x"] {
        let missing = app.get(&format!("/live/static/{name}")).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{name}");
        assert_eq!(missing.header("cache-control"), "no-store", "{name}");
    }

    let Some(browser) = Browser::open().await else { return };
    let mut app = app;
    app.router = app.router.layer(from_fn(as_another_version));
    let served = WatchedApp::serve(app, axum::Router::new()).await;
    let id = served.watch(&browser, Steps {}).await;
    assert_eq!(browser.evaluate("document.styleSheets.length > 0").await, true);
    browser.click(".op-controls form[action$='/cancel'] button").await;
    served.app.reaches(id, OperationState::Cancelled).await;
    browser.wait_for(".op-controls .liveops-badge[data-state=CANCELLED]").await;
}

/// The version of the wire format in the script.
const VERSION: &str = "wireVersion:1";

/// Serves the script of an earlier version while `is_old`.
async fn with_an_old_script(is_old: Arc<AtomicBool>, request: Request, next: Next) -> Response {
    let is_script = request.uri().path().contains("/static/liveops-");
    let mut response = next.run(request).await;
    if !is_script {
        return response;
    }
    // In a deployment the next page names another file.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !is_old.load(Ordering::SeqCst) {
        return response;
    }
    rewritten(response, |script| script.replace(VERSION, "wireVersion:0")).await
}

#[tokio::test]
async fn a_page_with_an_older_script_loads_itself_again_when_nothing_would_be_lost() {
    let Some(browser) = Browser::open().await else { return };
    let mut app = TestApp::spawn().await;
    let script = app.get("/live/").await.body;
    let script =
        script.split('"').find(|part| part.contains("/static/liveops-") && part.ends_with(".js"));
    assert!(app.get(script.unwrap()).await.body.contains(VERSION), "the script has a version");
    let is_old = Arc::new(AtomicBool::new(true));
    let flag = is_old.clone();
    app.router = app.router.layer(from_fn(move |request: Request, next: Next| {
        with_an_old_script(flag.clone(), request, next)
    }));
    let served = WatchedApp::serve(app, axum::Router::new()).await;
    // Removes the random delay of the reload, and types a text, which prevents the reload.
    browser
        .on_every_page(
            "if (!sessionStorage.getItem('visited')) {
                sessionStorage.setItem('visited', 'yes');
                Math.random = () => 0;
                window.firstVisit = true;
                addEventListener('DOMContentLoaded', () => {
                    document.body.insertAdjacentHTML(
                        'beforeend', '<input id=note><dialog id=question>Sure?</dialog>');
                    document.querySelector('#note').value = 'typed';
                    // Counts the checks of the page for unsaved input.
                    window.attempts = 0;
                    const find = document.querySelector.bind(document);
                    document.querySelector = (selector) => {
                        if (selector.includes('dialog[open]')) window.attempts += 1;
                        return find(selector);
                    };
                });
            }",
        )
        .await;
    let id = served.watch(&browser, Steps {}).await;
    browser.wait_until("document.documentElement.dataset.liveopOutdated === ''").await;
    is_old.store(false, Ordering::SeqCst);
    browser.wait_until("window.attempts >= 2").await;
    assert_eq!(browser.evaluate("window.firstVisit === true").await, true, "the text is kept");

    // An open dialog also prevents the reload.
    browser
        .evaluate(
            "(() => {
                document.querySelector('#question').showModal();
                document.querySelector('#note').value = '';
                window.attempts = 0;
            })()",
        )
        .await;
    browser.wait_until("window.attempts >= 2").await;
    assert_eq!(browser.evaluate("window.firstVisit === true").await, true, "the dialog stays open");
    browser.evaluate("document.querySelector('#question').close()").await;

    browser.wait_until("window.firstVisit === undefined").await;
    browser.wait_until(CONNECTED).await;
    assert_eq!(
        browser.evaluate("document.documentElement.dataset.liveopOutdated === undefined").await,
        true
    );
    served.app.gate.open(3);
    served.app.reaches(id, OperationState::FinishedOk).await;
    browser.wait_for(".op-controls .liveops-badge[data-state=FINISHED_OK]").await;
}
