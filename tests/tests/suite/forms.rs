//! Forms from structs: what they look like, what they take, and what they say of the rest.

use std::{fs, path::PathBuf};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
    routing::get,
};
use chrono::NaiveDate;
use liveops::{
    Config, LiveOperation, LiveOps, OperationState, Progress, Run, RunResult, RunnerKind,
    form::{FileContent, FormErrors, FormField},
    runner::Builder,
    store::{self, ListFilter},
    testing::Server,
};
use maud::{DOCTYPE, html};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    app::{Answer, Gate, TestApp, nothing_to_run, request},
    browser::Browser,
    database::on_every_database,
    files::{files_in, upload_folder},
    htmx::{self, Htmx},
    multipart::{MULTIPART, Part, multipart},
    until::until,
    watched::WatchedApp,
};

const PATH: &str = "/live/test.order/";

#[derive(Debug, Clone, Copy, Serialize, Deserialize, FormField)]
#[serde(rename_all = "kebab-case")]
enum Binding {
    /// Soft.
    Paperback,
    #[field(label = "With a hard cover")]
    HardCover,
}

/// Orders copies of a book.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form, validate = Self::check)]
#[serde(rename_all = "camelCase")]
struct Order {
    /// Title of the book. As on its `cover`.
    #[field(max_length = 20, validate = polite)]
    book_title: String,
    #[field(default = 1, min = 1, max = 9)]
    copies: u8,
    binding: Binding,
    #[field(kind = "email")]
    mail: Option<String>,
    #[field(accept = ".txt")]
    cover: Option<PathBuf>,
    #[field(max_length = 10)]
    logo: Option<FileContent>,
    gift: bool,
}

fn polite(text: &str) -> Result<(), &'static str> {
    if text.contains("damn") { Err("Expected a polite title.") } else { Ok(()) }
}

impl Order {
    fn check(&self) -> Result<(), FormErrors> {
        if self.gift && self.copies > 3 {
            return Err(FormErrors::at("copies", "Expected at most 3 copies of a gift."));
        }
        if self.gift && self.mail.is_none() {
            Err("Somebody has to hear of the gift.")?;
        }
        Ok(())
    }
}

impl Run for Order {
    type Output = Value;

    async fn run(&self, _: Progress<Self>) -> RunResult<Value> {
        let cover = self.cover.as_ref().map(fs::read_to_string).transpose()?;
        let logo = self.logo.as_ref().map(|logo| String::from_utf8_lossy(logo.as_ref()));
        Ok(json!({ "title": self.book_title, "cover": cover, "logo": logo }))
    }
}

/// What pages fill in for those who send them.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form)]
struct Backstage {
    count: u8,
    #[field(hidden)]
    file: Option<PathBuf>,
    #[field(hidden, any_path)]
    script: Option<PathBuf>,
}

/// Unpacks what was packed elsewhere.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form)]
struct Archives {
    #[field(accept = ".tar.gz, .x-y")]
    packed: PathBuf,
    #[field(accept = ".mobileconfig")]
    profile: FileContent,
}

/// Cannot be filled in.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form)]
struct Impossible {
    #[field(min = "tomorrow")]
    day: NaiveDate,
}

nothing_to_run!(Backstage Archives Impossible);

async fn app() -> TestApp {
    TestApp::with(|builder| builder.register::<Order>().runner(RunnerKind::Eager)).await
}

/// The same, and the folder that files are uploaded to.
async fn app_with_uploads() -> (TestApp, TempDir) {
    let uploads = upload_folder();
    let mut config = Config::default();
    config.upload_dir = Some(uploads.path().to_owned());
    let builder =
        |builder: Builder<_>| builder.register::<Order>().register::<Backstage>().config(config);
    (TestApp::with(builder).await, uploads)
}

fn form(body: &str) -> Request<Body> {
    Request::post(PATH)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// Parts with a file name are files.
fn files(path: &str, parts: &[Part<'_>]) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, MULTIPART)
        .body(Body::from(multipart(parts)))
        .unwrap()
}

async fn look(app: &TestApp, answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    app.ask("GET", answer.header("location")).await.json()
}

on_every_database! {
    async fn what_was_filled_in_is_what_is_kept(database: TestDatabase) {
        let app = TestApp::on(&database.url(), Builder::register::<Order>).await;
        let answer = app
            .send(form("bookTitle=Emma&copies=&binding=hard-cover&mail=&gift=false&csrf=x"))
            .await;
        let id = look(&app, &answer).await["id"].as_str().unwrap().parse().unwrap();
        let row = app.liveops.find(id).await.unwrap().unwrap();
        let expected = json!({
            "bookTitle": "Emma", "copies": 1, "binding": "hard-cover", "gift": false,
            "mail": null, "cover": null, "logo": null,
        });
        assert_eq!(row.input, expected);
        app.ends(id).await;
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once_beside_its_field() {
    let app = app().await;
    let answer = app.send(form("bookTitle=damn+%3Ci%3E&copies=12&mail=ann&binding=tin")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = &answer.body;
    for expected in [
        "<!DOCTYPE html>",
        "Please correct 4 errors",
        "<a href=\"#op-form-test-order-copies\">Copies: Expected a value from 1 to 9, found 12.</a>",
        "id=\"op-form-test-order-copies-error\">Expected a value from 1 to 9, found 12.</p>",
        "Expected a polite title.",
        "Expected an email address",
        "Choose one of the listed options.",
        "value=\"12\"",
        "value=\"damn &lt;i&gt;\"",
        "aria-invalid=\"true\" aria-describedby=\"op-form-test-order-copies-error\"",
        "tabindex=\"-1\" autofocus",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
}

#[tokio::test]
async fn a_program_is_told_the_same_of_json_and_of_a_form() {
    let app = app().await;
    let input = json!({ "bookTitle": 7, "copies": 12, "binding": null, "gift": "maybe" });
    let answer = app.post_json(PATH, &input.to_string()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let error = &answer.json()["error"];
    assert_eq!(error["code"], "invalid_input");
    assert_eq!(
        error["fields"],
        json!({
            "bookTitle": "Expected a text.",
            "copies": "Expected a value from 1 to 9, found 12.",
            "binding": "Choose an option.",
            "gift": "Expected yes or no.",
        })
    );
    let mut request = form("bookTitle=&copies=many");
    request.headers_mut().insert(header::ACCEPT, "application/json".parse().unwrap());
    assert_eq!(
        app.send(request).await.json()["error"]["fields"],
        json!({
            "bookTitle": "This field is required.",
            "copies": "Expected a whole number.",
            "binding": "Choose an option.",
        })
    );
}

#[tokio::test]
async fn the_whole_is_checked_when_every_field_is_right() {
    let app = app().await;
    let order = |copies: u8, mail: Option<&str>| {
        json!({
            "bookTitle": "Emma", "binding": "paperback", "gift": true,
            "copies": copies, "mail": mail,
        })
    };
    let answer = app.post_json(PATH, &order(4, None).to_string()).await;
    let fields = &answer.json()["error"]["fields"];
    assert_eq!(*fields, json!({ "copies": "Expected at most 3 copies of a gift." }));
    let answer = app.post_json(PATH, &order(3, None).to_string()).await;
    assert_eq!(answer.json()["error"]["message"], "Somebody has to hear of the gift.");
    assert_eq!(answer.json()["error"]["fields"], Value::Null);
    let answer = app.post_json(PATH, &order(3, Some("ann@example.org")).to_string()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
}

#[tokio::test]
async fn htmx_gets_the_form_alone_under_the_id_it_has() {
    let app = app().await;
    for (name, value) in [("hx-trigger", "order-2"), ("hx-source", "form#order-2")] {
        let mut request = form("bookTitle=&binding=paperback");
        request.headers_mut().insert("hx-request", "true".parse().unwrap());
        request.headers_mut().insert(name, value.parse().unwrap());
        let answer = app.send(request).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let start = "<form class=\"liveops-form\" id=\"order-2\"";
        assert!(answer.body.starts_with(start), "{name}: {}", answer.body);
        assert!(answer.body.contains("hx-swap=\"outerHTML\""), "{}", answer.body);
    }

    let mut boosted = form("bookTitle=&binding=paperback");
    boosted.headers_mut().insert("hx-request", "true".parse().unwrap());
    boosted.headers_mut().insert("hx-boosted", "true".parse().unwrap());
    assert!(app.send(boosted).await.body.starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn there_is_a_page_for_every_form_and_for_nothing_else() {
    let app = app().await;
    let page = app.get(PATH).await;
    assert_eq!(page.status, StatusCode::OK);
    for expected in [
        "<h1>Order</h1>",
        "Orders copies of a book.",
        "As on its <code>cover</code>.",
        "action=\"/live/test.order/\"",
        "enctype=\"multipart/form-data\"",
        "With a hard cover",
    ] {
        assert!(page.body.contains(expected), "{expected}: {}", page.body);
    }
    let asked = app.ask("GET", PATH).await.json();
    assert_eq!(asked["fields"][0]["name"], "bookTitle");
    assert_eq!(asked["fields"][0]["required"], true);
    assert_eq!(asked["fields"][1]["default"], 1);
    assert_eq!(asked["fields"][2]["options"][1]["value"], "hard-cover");
    for path in ["/live/test.greeting/", "/live/test.absent/"] {
        assert_eq!(app.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(app.send(request("PUT", PATH)).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn files_arrive_by_path_and_by_content() {
    let app = app().await;
    let answer = app
        .send(files(
            PATH,
            &[
                ("bookTitle", None, "Emma"),
                ("binding", None, "paperback"),
                ("cover", Some("a.TXT"), "a cover"),
                ("logo", Some("logo.png"), "a logo"),
            ],
        ))
        .await;
    let order = look(&app, &answer).await;
    assert_eq!(order["result"], json!({ "title": "Emma", "cover": "a cover", "logo": "a logo" }));
}

#[tokio::test]
async fn a_file_is_uploaded_and_not_named() {
    let app = app().await;
    let secret = tempfile::NamedTempFile::with_suffix(".txt").unwrap();
    let path = secret.path().to_str().unwrap();
    let expected = "Upload the file. A path is not accepted here.";
    let encoded = path.replace('/', "%2F");
    for request in [
        form(&format!("bookTitle=Emma&binding=paperback&cover={encoded}")),
        files(
            PATH,
            &[("bookTitle", None, "Emma"), ("binding", None, "paperback"), ("cover", None, path)],
        ),
    ] {
        let answer = app.send(request).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(expected), "{}", answer.body);
    }
    let input = json!({ "bookTitle": "Emma", "binding": "paperback", "cover": path });
    let answer = app.post_json(PATH, &input.to_string()).await;
    assert_eq!(answer.json()["error"]["fields"], json!({ "cover": expected }));
}

#[tokio::test]
async fn files_beside_mistakes_are_gone_and_asked_for_again() {
    let (app, uploads) = app_with_uploads().await;
    let answer = app
        .send(files(
            PATH,
            &[
                ("bookTitle", None, "Emma"),
                ("binding", None, ""),
                ("cover", Some("a.exe"), "a cover"),
                ("logo", Some("logo.png"), "more than ten bytes"),
            ],
        ))
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for expected in [
        "Expected a file of type .txt.",
        "Expected a file of at most 10 bytes.",
        "Choose your files again.",
    ] {
        assert!(answer.body.contains(expected), "{expected}: {}", answer.body);
    }
    assert!(!answer.body.contains(uploads.path().to_str().unwrap()), "{}", answer.body);
    assert_eq!(files_in(uploads.path()).len(), 0);
}

#[tokio::test]
async fn a_file_is_saved_for_a_field_of_files_only() {
    let (app, uploads) = app_with_uploads().await;
    let parts = [
        ("bookTitle", Some("title.txt"), "Emma"),
        ("mail", Some("mail.txt"), "ann@example.org"),
        ("stray", Some("stray.txt"), "nobody asked for it"),
        ("binding", None, "paperback"),
    ];
    let answer = app.send(files(PATH, &parts)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("This field is required."), "{}", answer.body);
    assert!(!answer.body.contains(uploads.path().to_str().unwrap()), "{}", answer.body);

    let answer =
        app.send(files(PATH, &[&[("bookTitle", None, "Emma")], &parts[1..]].concat())).await;
    let id = look(&app, &answer).await["id"].as_str().unwrap().parse().unwrap();
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.input["mail"], Value::Null);
    assert_eq!(files_in(uploads.path()).len(), 0);
}

#[tokio::test]
async fn where_a_file_was_saved_is_not_told() {
    let (app, uploads) = app_with_uploads().await;
    let path = "/live/test.backstage/";
    for field in ["file", "script"] {
        let answer =
            app.send(files(path, &[(field, Some("a.sh"), "exit"), ("count", None, "x")])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!answer.body.contains(uploads.path().to_str().unwrap()), "{}", answer.body);
    }
    let answer =
        app.send(files(path, &[("script", None, "/named.sh"), ("count", None, "x")])).await;
    assert!(answer.body.contains("name=\"script\" value=\"/named.sh\""), "{}", answer.body);
}

#[tokio::test]
async fn a_file_is_judged_by_the_name_that_it_came_with() {
    let app = TestApp::with(Builder::register::<Archives>).await;
    let path = "/live/test.archives/";
    let parts = |packed, profile| {
        files(path, &[("packed", Some(packed), "x"), ("profile", Some(profile), "y")])
    };
    let answer = app.send(parts("logs.TAR.GZ", "phone.mobileconfig")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    let answer = app.send(parts("logs.gz", "phone.exe")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for expected in [
        "Expected a file of type .tar.gz, .x-y.",
        "Expected a file of type .mobileconfig.",
        "Choose your files again.",
    ] {
        assert!(answer.body.contains(expected), "{expected}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_form_that_contradicts_itself_is_refused_when_all_is_put_together() {
    let db = store::connect("sqlite::memory:").await.unwrap();
    let error = LiveOps::builder(db).register::<Impossible>().build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the form of `test.impossible`, field `day`: \
         `min`: Expected a date, such as 2026-02-28. Found `tomorrow`."
    );
}

#[tokio::test]
async fn the_words_on_the_button_stay_when_something_is_wrong() {
    let app = app().await;
    let form_of = app.liveops.renderer().form::<Order>().submit("Order <it>");
    let markup = html! { (form_of) }.0;
    let button = "name=\"liveops-submit\" value=\"Order &lt;it&gt;\">Order &lt;it&gt;</button>";
    assert!(markup.contains(button), "{markup}");
    for htmx in [false, true] {
        let mut request = form("bookTitle=&liveops-submit=Order+%3Cit%3E");
        if htmx {
            request.headers_mut().insert("hx-request", "true".parse().unwrap());
        }
        let answer = app.send(request).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(button), "{}", answer.body);
    }
}

/// Reads its file when the gate opens.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form, state = Gate)]
struct Patient {
    file: PathBuf,
}

impl Run for Patient {
    type Output = String;

    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        p.state().pass().await;
        Ok(fs::read_to_string(&self.file)?)
    }
}

#[tokio::test]
async fn an_operation_keeps_its_file_though_whoever_sent_it_goes_away() {
    let app =
        TestApp::with(|builder| builder.register::<Patient>().runner(RunnerKind::Eager)).await;
    let newest = async || app.liveops.list(&ListFilter::new(), 1).await.unwrap().pop();
    let sent = files("/live/test.patient/", &[("file", Some("a.txt"), "a text")]);
    tokio::select! {
        answer = app.send(sent) => panic!("{}", answer.body),
        () = until("it has started", async || newest().await.is_some()) => {}
    }
    let id = newest().await.unwrap().operation_id();
    app.gate.open(1);
    app.reaches(id, OperationState::FinishedOk).await;
    assert_eq!(newest().await.unwrap().output::<String>().unwrap().unwrap(), "a text");
}

#[tokio::test]
async fn a_form_sent_from_another_site_is_refused() {
    let app = app().await;
    let mut request = form("bookTitle=Emma&binding=paperback");
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(app.send(request).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_form_is_filled_in_wrongly_and_then_rightly() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::with(Builder::register::<Order>).await;
    let folder = tempfile::tempdir().unwrap();
    let cover = folder.path().join("cover.txt");
    let logo = folder.path().join("logo.png");
    fs::write(&cover, "a cover").unwrap();
    fs::write(&logo, "a logo").unwrap();

    browser.goto(&served.proxy.url(PATH)).await;
    browser.fill("[name=bookTitle]", "damn").await;
    browser.fill("[name=copies]", "4").await;
    browser.evaluate("document.querySelector('[name=binding]').value = 'hard-cover'").await;
    browser.upload("[name=cover]", &cover).await;
    browser.click("input[type=checkbox][name=gift]").await;
    browser.click(".liveops-form button").await;

    let mistake = browser.text("#op-form-test-order-bookTitle-error").await;
    assert_eq!(mistake, "Expected a polite title.");
    assert!(
        browser.text("#op-form-test-order-cover-help").await.contains("Choose your files again.")
    );
    browser.wait_until("document.activeElement.matches('.liveops-mistakes')").await;
    browser.click(".liveops-mistakes a").await;
    browser.wait_until("document.activeElement.name === 'bookTitle'").await;
    let kept = "[...document.querySelectorAll('[name=bookTitle], [name=copies], select')]\
        .map(field => field.value)";
    assert_eq!(browser.evaluate(kept).await, json!(["damn", "4", "hard-cover"]));
    assert_eq!(browser.evaluate("document.querySelector('[type=checkbox]').checked").await, true);

    browser.fill("[name=bookTitle]", "Emma").await;
    browser.fill("[name=copies]", "2").await;
    browser.fill("[name=mail]", "ann@example.org").await;
    browser.upload("[name=cover]", &cover).await;
    browser.upload("[name=logo]", &logo).await;
    browser.click(".liveops-form button").await;
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    let result = browser.text(".op-result").await;
    assert!(result.contains("a cover") && result.contains("a logo"), "{result}");
}

#[tokio::test]
async fn htmx_puts_the_mistakes_in_the_place_of_the_form() {
    let Some(browser) = Browser::open().await else { return };
    for htmx in [Htmx::Two, Htmx::Four] {
        let Some(scripts) = htmx::routes() else { return };
        let app = TestApp::with(|builder| {
            builder.register::<Order>().runner(RunnerKind::Eager).config(htmx.config())
        })
        .await;
        let renderer = app.liveops.renderer().clone();
        let page = html! {
            (DOCTYPE)
            head {
                (htmx.head())
                (renderer.head())
                link rel="icon" href="data:,";
            }
            body {
                h1 { "An order" }
                (renderer.form::<Order>().id("order-2").value("bookTitle", "damn").in_place())
            }
        };
        let pages = scripts.route("/", get(async move || page));
        let server = Server::start(pages.merge(app.router.clone())).await;
        browser.goto(&server.url("/")).await;
        browser.evaluate("document.querySelector('select').value = 'paperback'").await;
        browser.click("#order-2 button").await;
        browser.wait_for("#order-2-bookTitle-error").await;
        browser.wait_until("document.activeElement.matches('.liveops-mistakes')").await;
        assert_eq!(browser.navigation_count().await, 0, "{htmx:?}");
        assert_eq!(browser.text("h1").await, "An order");
        browser.fill("[name=bookTitle]", "Emma").await;
        browser.click("#order-2 button").await;
        browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    }
}
