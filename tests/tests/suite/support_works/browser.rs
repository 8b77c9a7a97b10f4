use std::fs;

use axum::{
    Router,
    extract::Multipart,
    http::{HeaderMap, header},
    response::{Html, IntoResponse},
    routing::{get, post},
};
use liveops::testing::Server;
use maud::{DOCTYPE, Markup, html};

use crate::support::browser::Browser;

/// Forbids what liveops forbids on its pages: the helpers must do without `eval`.
const POLICY: &str = "script-src 'self'; object-src 'none'";

const SCRIPT: &str = "
    const text = document.querySelector('#text');
    document.querySelector('#change').onclick = () => setTimeout(() => {
        text.textContent = 'changed';
        document.body.dataset.done = 'yes';
    });
    document.querySelector('#count').onclick = () => setTimeout(() => { window.count = 3; }, 20);
    document.querySelector('#fail').onclick = () => { throw new Error('as asked'); };
    let renewals = 0;
    const renewing = setInterval(() => {
        const old = document.querySelector('#fresh');
        const next = old.cloneNode(true);
        next.onclick = () => { text.textContent = 'clicked'; };
        old.replaceWith(next);
        if (++renewals === 200) clearInterval(renewing);
    });
";

fn page() -> Markup {
    html! {
        (DOCTYPE)
        head {
            title { "A page" }
            link rel="icon" href="data:,";
            style { "@media (prefers-color-scheme: dark) { body { color: rgb(1, 2, 3) } }" }
        }
        body {
            p #text { "first" }
            button #change { "Change" }
            button #count { "Count" }
            button #fail { "Fail" }
            button #fresh { "Fresh" }
            a #reload href="/" { "Again" }
            form method="post" action="/upload" enctype="multipart/form-data" {
                input name="name" value="old";
                input type="file" name="file";
                button #send { "Send" }
            }
            script src="/script.js" {}
        }
    }
}

async fn index() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page().into_string()))
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT)
}

async fn upload(mut form: Multipart) -> Html<String> {
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        let file = field.file_name().unwrap_or_default().to_owned();
        fields.push(format!("[{file}]{}", field.text().await.unwrap()));
    }
    Html(format!("<p id=received>{}</p>", fields.join(" ")))
}

async fn cookie(headers: HeaderMap) -> Html<String> {
    let cookie = headers.get(header::COOKIE).and_then(|value| value.to_str().ok());
    Html(format!("<p id=cookie>{}</p>", cookie.unwrap_or("none")))
}

async fn open() -> Option<(Server, Browser)> {
    let browser = Browser::open().await?;
    let router = Router::new()
        .route("/", get(index))
        .route("/script.js", get(script))
        .route("/upload", post(upload))
        .route("/cookie", get(cookie));
    let server = Server::start(router).await;
    browser.goto(&server.url("/")).await;
    Some((server, browser))
}

#[tokio::test]
async fn change_without_reload_is_seen_and_is_no_navigation() {
    let Some((_server, browser)) = open().await else { return };
    assert_eq!(browser.text("#text").await, "first");
    browser.click("#change").await;
    browser.wait_for("body[data-done]").await;
    assert_eq!(browser.text("#text").await, "changed");
    browser.click("#count").await;
    browser.wait_until("window.count === 3").await;
    assert_eq!(browser.navigation_count().await, 0);
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn every_further_document_is_a_navigation() {
    let Some((server, browser)) = open().await else { return };
    browser.evaluate("history.pushState({}, '', '/#elsewhere')").await;
    assert_eq!(browser.navigation_count().await, 0);
    browser.evaluate("window.stale = true").await;
    browser.click("#reload").await;
    browser.wait_until("!window.stale").await;
    assert_eq!(browser.navigation_count().await, 1);
    browser.client().refresh().await.unwrap();
    browser.client().back().await.unwrap();
    browser.wait_for("#text").await;
    assert_eq!(browser.navigation_count().await, 3);
    browser.goto(&server.url("/cookie")).await;
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn wait_outlives_the_document_it_began_in() {
    let Some((_server, browser)) = open().await else { return };
    browser.evaluate("setTimeout(() => { location.href = '/cookie' }, 100)").await;
    browser.wait_for("#cookie").await;
}

#[tokio::test]
async fn form_is_filled_and_file_uploaded() {
    let Some((_server, browser)) = open().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    fs::write(&path, "ann,7").unwrap();
    browser.fill("[name=name]", "new").await;
    browser.upload("[name=file]", &path).await;
    browser.click("#send").await;
    assert_eq!(browser.text("#received").await, "[]new [scores.csv]ann,7");
}

#[tokio::test]
async fn replaced_element_is_clicked_all_the_same() {
    let Some((_server, browser)) = open().await else { return };
    browser.click("#fresh").await;
    assert_eq!(browser.text("#text").await, "clicked");
}

#[tokio::test]
async fn script_error_is_on_the_console() {
    let Some((_server, browser)) = open().await else { return };
    browser.click("#fail").await;
    let errors = browser.console_errors().await;
    assert!(errors.len() == 1 && errors[0].contains("as asked"), "{errors:?}");
}

#[tokio::test]
async fn cookie_is_sent_with_the_next_request() {
    let Some((server, browser)) = open().await else { return };
    browser.set_cookie(&server.url("/"), "user", "ann").await;
    browser.goto(&server.url("/cookie")).await;
    assert_eq!(browser.text("#cookie").await, "user=ann");
}

#[tokio::test]
async fn colour_scheme_changes_under_the_page() {
    let Some((_server, browser)) = open().await else { return };
    let colour = "getComputedStyle(document.body).color";
    browser.color_scheme("light").await;
    assert_eq!(browser.evaluate(colour).await, "rgb(0, 0, 0)");
    browser.color_scheme("dark").await;
    assert_eq!(browser.evaluate(colour).await, "rgb(1, 2, 3)");
}

#[tokio::test]
async fn tabs_are_apart() {
    let Some((server, browser)) = open().await else { return };
    let first = browser.tab().await;
    let second = browser.new_tab().await;
    browser.goto(&server.url("/cookie")).await;
    browser.client().refresh().await.unwrap();
    assert_eq!(browser.text("#cookie").await, "none");
    assert_eq!(browser.navigation_count().await, 1);
    browser.switch_tab(first).await;
    assert_eq!(browser.text("#text").await, "first");
    assert_eq!(browser.navigation_count().await, 0);
    // A tab that the user does not see is waited for all the same.
    browser.evaluate("setTimeout(() => { window.count = 1 })").await;
    browser.wait_until("window.count === 1").await;
    browser.switch_tab(second).await;
}

#[tokio::test]
async fn screenshot_is_a_picture() {
    let Some((_server, browser)) = open().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.png");
    browser.screenshot(&path).await;
    assert!(fs::read(&path).unwrap().starts_with(b"\x89PNG"));
}
