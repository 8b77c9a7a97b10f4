//! The application that the fuzz targets send requests to, with its database in memory.

use std::{
    convert::Infallible,
    path::PathBuf,
    time::{Duration, Instant},
};

use liveops::{
    Config, LiveOperation, LiveOps, Progress, Run, RunResult, RunnerKind, Viewer,
    axum::{
        Router,
        body::{Body, to_bytes},
        extract::FromRequestParts,
        http::{HeaderName, Request, StatusCode, request::Parts},
    },
    sea_orm::{ConnectionTrait, DatabaseConnection},
    store, web,
};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Maximum time for one request. Inputs have a few KiB, so only quadratic or worse work takes this long.
const TIME_MAX: Duration = Duration::from_secs(2);

/// A form with a field of every kind.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "fuzz", form)]
pub struct Everything {
    #[field(max_length = 20)]
    pub text: String,
    pub note: Option<String>,
    #[field(min = -3, max = 300)]
    pub number: i64,
    pub ratio: f64,
    pub flag: bool,
    pub numbers: Vec<u8>,
    #[field(accept = ".csv")]
    pub file: Option<PathBuf>,
    pub files: Vec<PathBuf>,
}

impl Run for Everything {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

/// An operation without a form.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "fuzz")]
pub struct Plain {
    pub name: String,
    #[serde(default)]
    pub nested: Vec<Vec<Option<u32>>>,
}

impl Run for Plain {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

/// A viewer who is staff if the request has the header `x-staff`.
struct User(bool);

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.contains_key("x-staff")))
    }
}

impl From<User> for Viewer {
    fn from(User(is_staff): User) -> Self {
        Viewer::new("ann").with_staff(is_staff)
    }
}

/// The application, without a worker: requests only enqueue.
pub struct App {
    runtime: Runtime,
    db: DatabaseConnection,
    router: Router,
    uploads: TempDir,
}

impl App {
    /// Starts the application.
    ///
    /// # Panics
    ///
    /// Panics if the database in memory cannot be opened.
    #[expect(clippy::new_without_default, reason = "starts an application")]
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let uploads = TempDir::new().expect("a temporary folder");
        let folder = uploads.path().to_owned();
        let (db, router) = runtime.block_on(async {
            let db = store::connect("sqlite::memory:").await.expect("a database in memory");
            let config = Config::default().with_upload_dir(folder.join("uploads"));
            let liveops = LiveOps::builder(db.clone())
                .register::<Everything>()
                .register::<Plain>()
                .config(config)
                .runner(RunnerKind::Worker)
                .build()
                .expect("a valid application");
            liveops.migrate().await.expect("new tables");
            let router = web::router::<User, ()>(&liveops);
            (db, router)
        });
        Self { runtime, db, router, uploads }
    }

    /// Sends a request, and checks that it is answered in time and without an error of the server. Returns the
    /// status, and `None` for a request that HTTP does not allow.
    ///
    /// # Panics
    ///
    /// Panics if the answer is an error of the server or late.
    pub fn request(
        &self,
        method: &str,
        uri: &str,
        headers: &[(HeaderName, &str)],
        body: &[u8],
    ) -> Option<StatusCode> {
        let mut request = Request::builder().method(method).uri(uri).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Body::from(body.to_vec())).ok()?;
        let start = Instant::now();
        let status = self.runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.expect("an answer");
            let status = answer.status();
            // A stream of events has no end.
            if !uri.contains("/events") {
                to_bytes(answer.into_body(), usize::MAX).await.expect("a whole answer");
            }
            if status.is_success() || status.is_redirection() {
                self.clear().await;
            }
            status
        });
        assert!(!status.is_server_error(), "{method} {uri}: {status}");
        assert!(start.elapsed() < TIME_MAX, "{method} {uri} took {:?}", start.elapsed());
        Some(status)
    }

    /// Deletes the operations and the uploads, so that every request finds the same application.
    async fn clear(&self) {
        let cleared = self.db.execute_unprepared("DELETE FROM liveops_operation").await;
        cleared.expect("the rows are deleted");
        let Ok(files) = std::fs::read_dir(self.uploads.path().join("uploads")) else { return };
        for file in files.flatten() {
            let _ = std::fs::remove_file(file.path());
        }
    }
}

/// Runs `work` with one application for all inputs of a target.
pub fn with_app<T>(work: impl FnOnce(&App) -> T) -> T {
    thread_local! {
        static APP: App = App::new();
    }
    APP.with(work)
}
