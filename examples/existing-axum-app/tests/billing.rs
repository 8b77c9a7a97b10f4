//! Tests of the application over HTTP, with a browser for each user.

#![expect(clippy::unwrap_used, reason = "what panics in a helper fails its test")]

use std::time::Duration;

use existing_axum_app::{App, Mailer, SendInvoices};
use liveops::{LiveOperation, OperationId, store::ListFilter};
use reqwest::{Client, Response, StatusCode, header};
use sea_orm::{ConnectionTrait, Statement};
use tokio::{net::TcpListener, time::timeout};

const CUSTOMERS: i64 = 60;

/// Timeout of a run without pauses.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The application, served with an empty database and a mailer that takes no time.
struct Served {
    app: App,
    origin: String,
}

/// The browser of a user.
struct Browser {
    client: Client,
    origin: String,
}

impl Served {
    async fn start() -> Self {
        let app = App::start("sqlite::memory:", Mailer { pace: Duration::ZERO }).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(app.clone().serve(listener));
        Self { app, origin }
    }

    /// Sets the language of the browser to Polish.
    fn browser(&self) -> Browser {
        let header = header::HeaderValue::from_static;
        let headers =
            [(header::ACCEPT, header("text/html")), (header::ACCEPT_LANGUAGE, header("pl"))];
        let client =
            Client::builder().cookie_store(true).default_headers(headers.into_iter().collect());
        Browser { client: client.build().unwrap(), origin: self.origin.clone() }
    }

    async fn signed_in(&self, name: &str) -> Browser {
        let browser = self.browser();
        let page = browser.post("/login", &[("name", name), ("password", "secret")]).await;
        assert_eq!((page.status(), page.url().path()), (StatusCode::OK, "/"));
        browser
    }

    async fn count(&self, rows: &str) -> i64 {
        let db = &self.app.services.db;
        let count = format!("SELECT COUNT(*) AS n FROM {rows}");
        let count = Statement::from_string(db.get_database_backend(), count);
        db.query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
    }

    /// Returns the URLs of all operations, newest first.
    async fn operation_urls(&self) -> Vec<String> {
        let rows = self.app.liveops.list(&ListFilter::new(), 100).await.unwrap();
        let url = |id| self.app.liveops.url(SendInvoices::OP_TYPE, id);
        rows.iter().map(|row| url(row.operation_id())).collect()
    }
}

impl Browser {
    async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.origin)).send().await.unwrap()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.client.post(format!("{}{path}", self.origin)).form(form).send().await.unwrap()
    }

    /// Submits the form of the application's page.
    async fn bill(&self, due_on: &str) -> Response {
        let page = self.get("/").await.text().await.unwrap();
        let (_, form) = page.split_once(r#"<form method="post" action="/live/"#).unwrap();
        let (action, _) = form.split_once('"').unwrap();
        self.post(&format!("/live/{action}"), &[("due_on", due_on)]).await
    }

    /// Subscribes to an operation until it has ended, as a page does, and returns everything that was shown.
    async fn follow(&self, url: &str) -> String {
        let mut events = self.get(&format!("{url}events")).await;
        let mut shown = String::new();
        let end = async {
            while !shown.contains("liveop_finished") {
                let chunk = events.chunk().await.unwrap().expect("an end before the stream's");
                shown += &String::from_utf8_lossy(&chunk);
            }
        };
        timeout(TIMEOUT, end).await.expect("the operation ends");
        shown
    }
}

#[tokio::test]
async fn customers_are_billed_live_from_the_applications_own_form() {
    let served = Served::start().await;
    let ann = served.signed_in("ann").await;
    let page = ann.bill("2026-07-31").await;
    assert_eq!((page.status(), page.url().path()), (StatusCode::OK, "/"));
    let page = page.text().await.unwrap();
    let url = &served.operation_urls().await[0];
    assert!(page.contains(&format!(r#"href="{url}""#)), "a link to the live page: {page}");
    assert!(page.contains("data-liveop"), "the operation itself: {page}");

    let shown = ann.follow(url).await;
    assert!(shown.contains("All sent"), "{shown}");
    assert_eq!(served.count("invoices WHERE sent").await, CUSTOMERS);
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_leaves_neither_invoices_nor_operation() {
    let served = Served::start().await;
    let customer =
        "INSERT INTO invoices (customer_id, due_on, cents, sent) VALUES (60, '2026-07-31', 1, 0)";
    served.app.services.db.execute_unprepared(customer).await.unwrap();
    let page = served.signed_in("ann").await.bill("2026-07-31").await;
    assert_eq!(page.status(), StatusCode::CONFLICT);
    assert!(page.text().await.unwrap().contains("billed already"));
    assert_eq!(served.count("invoices").await, 1);
    assert_eq!(served.count("liveops_operation").await, 0);
}

#[tokio::test]
async fn an_operation_is_hidden_from_others_but_not_from_admins() {
    let served = Served::start().await;
    served.signed_in("ann").await.bill("2026-07-31").await;
    let url = &served.operation_urls().await[0];
    let ben = served.signed_in("ben").await;
    assert_eq!(ben.get(url).await.status(), StatusCode::NOT_FOUND);
    let list = ben.get("/live/").await.text().await.unwrap();
    assert!(!list.contains(url), "{list}");
    assert!(!ben.get("/").await.text().await.unwrap().contains("data-liveop"));
    let admin = served.signed_in("admin").await;
    assert_eq!(admin.get(url).await.status(), StatusCode::OK);
    assert!(admin.get("/live/").await.text().await.unwrap().contains(url));
}

#[tokio::test]
async fn only_billing_bills_and_sees_operations() {
    let served = Served::start().await;
    let sam = served.signed_in("sam").await;
    assert_eq!(sam.bill("2026-07-31").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(sam.get("/live/").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(served.count("liveops_operation").await, 0);
}

#[tokio::test]
async fn there_is_no_way_around_the_transaction() {
    let served = Served::start().await;
    let ann = served.signed_in("ann").await;
    let path = format!("{}/live/{}/", served.origin, SendInvoices::OP_TYPE);
    let json = serde_json::json!({ "due_on": "2026-07-31" });
    let answer = ann.client.post(path).json(&json).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(ann.bill("in July").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(served.count("liveops_operation").await, 0);
    assert_eq!(served.count("invoices").await, 0);
}

#[tokio::test]
async fn the_pages_of_liveops_have_the_layout_and_language_of_the_application() {
    let served = Served::start().await;
    let ann = served.signed_in("ann").await;
    ann.bill("2026-07-31").await;
    let url = &served.operation_urls().await[0];
    let missing = format!("/live/{}/{}/", SendInvoices::OP_TYPE, OperationId::new());
    for path in ["/", "/live/", url, &missing] {
        let page = ann.get(path).await.text().await.unwrap();
        for part in ["<strong>Ledger</strong>", r#"href="/app.css""#, r#"href="/live/""#, "ann"] {
            assert!(page.contains(part), "{part} on {path}: {page}");
        }
    }
    let list = ann.get("/live/").await.text().await.unwrap();
    assert!(list.contains("<h1>Operations</h1>"), "in the language of the application: {list}");
}

#[tokio::test]
async fn who_is_not_signed_in_gets_to_the_sign_in_page() {
    let served = Served::start().await;
    let browser = served.browser();
    let operation = format!("/live/{}/{}/", SendInvoices::OP_TYPE, OperationId::new());
    for path in ["/", "/live/", &operation] {
        let page = browser.get(path).await;
        assert_eq!((page.status(), page.url().path()), (StatusCode::OK, "/login"), "{path}");
    }
    let wrong = browser.post("/login", &[("name", "ann"), ("password", "wrong")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let ann = served.signed_in("ann").await;
    assert_eq!(ann.get("/live/").await.url().path(), "/live/");
    assert_eq!(ann.post("/logout", &[]).await.url().path(), "/login");
    assert_eq!(ann.get("/live/").await.url().path(), "/login");
}

#[tokio::test]
async fn what_cannot_show_the_sign_in_page_is_told_so() {
    let served = Served::start().await;
    let url = format!("{}/live/", served.origin);
    let program = Client::new().get(&url).header(header::ACCEPT, "application/json");
    let part =
        Client::new().get(&url).header(header::ACCEPT, "text/html").header("hx-request", "true");
    for request in [program, part] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers()["hx-redirect"], "/login");
    }
}
