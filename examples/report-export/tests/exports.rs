//! Tests of the exports over HTTP, with a browser for each user, and of the files in the folder.

#![expect(clippy::unwrap_used, reason = "what panics in a helper fails its test")]

use std::{
    fs::{self, File},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use liveops::{LiveOperation, OperationId, OperationState, store};
use report_export::{App, OrdersExport};
use reqwest::{Client, Response, StatusCode, header};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tempfile::TempDir;
use tokio::{net::TcpListener, time::timeout};

/// Number of orders; half of them are of 2025.
const ORDERS: u32 = 20_000;

/// Timeout of an operation.
const TIMEOUT: Duration = Duration::from_secs(60);

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Makes reading an order take about a millisecond, without slowing the counting down.
const SLOW_DOWN: &str = "
    ALTER TABLE orders RENAME TO quick_orders;
    CREATE VIEW orders AS SELECT id, year, customer, cents + (
        WITH RECURSIVE steps (n) AS (SELECT id UNION ALL SELECT n + 1 FROM steps LIMIT 10000)
        SELECT 0 * SUM(n) FROM steps
    ) AS cents FROM quick_orders";

/// The application, served with a temporary folder.
struct Served {
    app: App,
    db: DatabaseConnection,
    origin: String,
    folder: TempDir,
}

/// The browser of a user.
struct Browser {
    client: Client,
    origin: String,
}

/// The fields of an order.
type Order = (i32, i32, String, i64);

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::start(folder.path(), ORDERS).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(app.clone().serve(listener));
        let orders = folder.path().join("orders.sqlite3");
        let db = store::connect(&format!("sqlite://{}", orders.display())).await.unwrap();
        Self { app, db, origin, folder }
    }

    async fn signed_in(&self, name: &str) -> Browser {
        let client = Client::builder().cookie_store(true).build().unwrap();
        let browser = Browser { client, origin: self.origin.clone() };
        let page = browser.post("/login", &[("name", name)]).await;
        assert_eq!((page.status(), page.url().path()), (StatusCode::OK, "/"));
        browser
    }

    async fn execute(&self, sql: &str) {
        self.db.execute_unprepared(sql).await.unwrap();
    }

    async fn orders_of(&self, year: i32) -> Vec<Order> {
        let db = &self.db;
        let orders = "SELECT id, year, customer, cents FROM orders WHERE year = ? ORDER BY id";
        let backend = db.get_database_backend();
        let orders = Statement::from_sql_and_values(backend, orders, [year.into()]);
        let orders = db.query_all_raw(orders).await.unwrap();
        orders.iter().map(|order| order.try_get_many_by_index().unwrap()).collect()
    }

    async fn state(&self, operation: OperationId) -> OperationState {
        self.app.liveops.find(operation).await.unwrap().unwrap().state()
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path().join("exports")).unwrap();
        files.map(|file| file.unwrap().path()).collect()
    }

    /// Returns the size of a file that is not published yet.
    fn bytes_of_draft(&self) -> u64 {
        let drafts = self.files().into_iter().filter(|file| file.extension().is_none());
        drafts.map(|file| file.metadata().unwrap().len()).sum()
    }
}

impl Browser {
    async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.origin)).send().await.unwrap()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.client.post(format!("{}{path}", self.origin)).form(form).send().await.unwrap()
    }

    /// Submits the form of the start page.
    async fn export(&self, year: &str) -> OperationId {
        let path = format!("/live/{}/", OrdersExport::OP_TYPE);
        let page = self.post(&path, &[("year", year)]).await;
        assert_eq!(page.status(), StatusCode::OK);
        page.url().path_segments().unwrap().nth(2).unwrap().parse().unwrap()
    }

    /// Sends an action of the page of an operation.
    async fn press(&self, button: &str, operation: OperationId) {
        let page = self.post(&format!("{}{button}", page_of(operation)), &[]).await;
        assert_eq!(page.status(), StatusCode::OK);
    }

    /// Subscribes to an operation, as a page does, until a condition is met.
    async fn follow(&self, operation: OperationId, is_so: impl Fn(&str) -> bool) -> String {
        let mut events = self.get(&format!("{}events", page_of(operation))).await;
        let mut shown = String::new();
        let end = async {
            while !is_so(&shown) {
                let chunk = events.chunk().await.unwrap().expect("more before the stream ends");
                shown += &String::from_utf8_lossy(&chunk);
            }
        };
        timeout(TIMEOUT, end).await.expect("it comes to be so");
        shown
    }

    async fn follow_to_the_end(&self, operation: OperationId) -> String {
        self.follow(operation, |shown| shown.contains("liveop_finished")).await
    }

    async fn download(&self, operation: OperationId) -> Response {
        self.get(&format!("/exports/{operation}")).await
    }

    async fn downloaded_orders(&self, operation: OperationId) -> Vec<Order> {
        let file = self.download(operation).await.bytes().await.unwrap();
        csv::Reader::from_reader(&*file).deserialize().map(Result::unwrap).collect()
    }
}

fn page_of(operation: OperationId) -> String {
    format!("/live/{}/{operation}/", OrdersExport::OP_TYPE)
}

#[tokio::test]
async fn an_export_has_the_orders_of_its_year_and_nothing_else() {
    let served = Served::start().await;
    let ann = served.signed_in("ann").await;
    let operation = ann.export("2025").await;
    let shown = ann.follow_to_the_end(operation).await;
    assert!(shown.contains(&format!("/exports/{operation}")), "a button to download: {shown}");
    assert!(shown.contains("10000 orders"), "{shown}");

    let file = ann.download(operation).await;
    assert_eq!(file.status(), StatusCode::OK);
    let is = |name, value: &str| assert_eq!(file.headers()[name], value);
    is(header::CONTENT_TYPE, "text/csv; charset=utf-8");
    is(header::CONTENT_DISPOSITION, "attachment; filename=\"orders-2025.csv\"");
    is(header::CONTENT_LENGTH, &served.files()[0].metadata().unwrap().len().to_string());
    let text = file.text().await.unwrap();
    assert!(
        text.starts_with("id,year,customer,cents\n2,2025,\"Customer \"\"2\"\", Ltd.\",15938\n"),
        "{text}"
    );
    let orders = served.orders_of(2025).await;
    assert_eq!(orders.len(), 10_000);
    assert_eq!(ann.downloaded_orders(operation).await, orders);
}

#[tokio::test]
async fn an_export_that_is_cancelled_in_the_middle_leaves_no_file() {
    let served = Served::start().await;
    served.execute(SLOW_DOWN).await;
    let ann = served.signed_in("ann").await;
    let operation = ann.export("2025").await;
    // Rows are written while others are still being read, and no user can download them.
    ann.follow(operation, |_| served.bytes_of_draft() > 0).await;
    assert_eq!(ann.download(operation).await.status(), StatusCode::NOT_FOUND);
    ann.press("cancel", operation).await;
    ann.follow_to_the_end(operation).await;
    assert_eq!(served.state(operation).await, OperationState::Cancelled);
    assert_eq!(served.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_retry_replaces_the_file() {
    let served = Served::start().await;
    let ann = served.signed_in("ann").await;
    let operation = ann.export("2026").await;
    ann.follow_to_the_end(operation).await;
    served.execute("DELETE FROM orders WHERE id % 3 = 0").await;
    ann.press("retry", operation).await;
    ann.follow_to_the_end(operation).await;
    assert_eq!(served.state(operation).await, OperationState::FinishedOk);
    assert_eq!(ann.downloaded_orders(operation).await, served.orders_of(2026).await);
    assert_eq!(served.files().len(), 1);
}

#[tokio::test]
async fn a_retry_that_is_cancelled_leaves_no_file_either() {
    let served = Served::start().await;
    let ann = served.signed_in("ann").await;
    let operation = ann.export("2026").await;
    ann.follow_to_the_end(operation).await;
    served.execute(SLOW_DOWN).await;
    ann.press("retry", operation).await;
    ann.follow(operation, |_| served.bytes_of_draft() > 0).await;
    ann.press("cancel", operation).await;
    ann.follow_to_the_end(operation).await;
    assert_eq!(ann.download(operation).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(served.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_export_is_for_its_owner_alone() {
    let served = Served::start().await;
    let ann = served.signed_in("ann").await;
    let operation = ann.export("2025").await;
    ann.follow_to_the_end(operation).await;
    let ben = served.signed_in("ben").await;
    let somebody_elses = ben.download(operation).await;
    assert_eq!(somebody_elses.status(), StatusCode::NOT_FOUND);
    let absent = ben.download(OperationId::new()).await;
    assert_eq!(absent.status(), StatusCode::NOT_FOUND);
    assert_eq!(absent.bytes().await.unwrap(), somebody_elses.bytes().await.unwrap());
    for path in ["..%2Forders.sqlite3", &format!("{operation}.1.csv")] {
        let answer = ann.get(&format!("/exports/{path}")).await;
        assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
    }
    let nobody = Client::new().get(format!("{}/exports/{operation}", served.origin));
    assert_eq!(nobody.send().await.unwrap().url().path(), "/login");
}

#[tokio::test]
async fn what_has_expired_is_deleted() {
    let served = Served::start().await;
    let ann = served.signed_in("ann").await;
    let operation = ann.export("2025").await;
    ann.follow_to_the_end(operation).await;
    // A file that a killed process left behind.
    let stray = served.folder.path().join("exports/.tmp123456");
    let long_ago = SystemTime::now() - 2 * HOUR;
    File::create(&stray).unwrap().set_modified(long_ago).unwrap();

    served.app.delete_expired(HOUR).await.unwrap();
    assert!(!stray.exists());
    assert_eq!(ann.download(operation).await.status(), StatusCode::OK);
    served.app.delete_expired(Duration::ZERO).await.unwrap();
    assert_eq!(served.files(), Vec::<PathBuf>::new());
    assert_eq!(ann.download(operation).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(ann.get(&page_of(operation)).await.status(), StatusCode::NOT_FOUND);
}
