//! A separate demo for each test, and browsers that use it.

use std::{fs, path::PathBuf};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, Response, StatusCode, header},
};
use demo::{Demo, Settings};
use liveops::{OperationId, RunnerKind};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

/// A demo with an empty database and upload folder.
pub(crate) struct Fixture {
    pub(crate) demo: Demo,
    uploads: TempDir,
}

/// A user of the demo, signed in or not.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookie: Option<String>,
    language: &'static str,
}

/// An answer of the demo.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Fixture {
    /// Creates a demo whose operations have ended before the request that started them is answered.
    pub(crate) async fn eager() -> Self {
        Self::with(|settings| settings.runner = RunnerKind::Eager).await
    }

    /// Creates a demo whose operations run beside the requests.
    pub(crate) async fn spawning() -> Self {
        Self::with(|settings| settings.runner = RunnerKind::Spawn).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut uploads = tempfile::Builder::new();
        // liveops refuses an upload folder that others may enter.
        #[cfg(unix)]
        uploads.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let uploads = uploads.tempdir().unwrap();
        let mut settings = Settings::in_memory();
        settings.upload_dir = uploads.path().to_owned();
        change(&mut settings);
        Self { demo: Demo::start(settings).await.unwrap(), uploads }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser { router: self.demo.router(), cookie: None, language: "en" }
    }

    pub(crate) async fn signed_in(&self, user: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser.post("/login", &format!("user={user}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        browser.cookie = cookie.split(';').next().map(str::to_owned);
        browser
    }

    /// Writes a file as an upload would.
    pub(crate) fn upload(&self, content: impl AsRef<[u8]>) -> PathBuf {
        let name = format!("upload-{}.csv", OperationId::new());
        let path = self.uploads.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) async fn scores(&self, operation: &Value) -> u64 {
        self.demo.scores().count(id(operation)).await.unwrap()
    }

    pub(crate) async fn drafts(&self, operation: &Value) -> u64 {
        self.demo.scores().draft_count(id(operation)).await.unwrap()
    }
}

/// Returns the id of an operation in JSON.
#[track_caller]
pub(crate) fn id(operation: &Value) -> OperationId {
    operation["id"].as_str().unwrap().parse().unwrap()
}

impl Browser {
    /// Returns the same browser with another language.
    pub(crate) fn reading(self, language: &'static str) -> Self {
        Self { language, ..self }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    /// Submits a form.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        let request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(form.to_owned())).await
    }

    pub(crate) async fn send(&self, request: axum::http::request::Builder, body: Body) -> Answer {
        let mut request = request.header(header::ACCEPT_LANGUAGE, self.language);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        Answer::read(response).await
    }

    /// Starts an operation from JSON and returns the operation as JSON.
    pub(crate) async fn start(&self, op_type: &str, input: Value) -> Value {
        let request = Request::post(format!("/live/{op_type}/"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        let answer = self.send(request, Body::from(input.to_string())).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        self.operation(answer.json()["url"].as_str().unwrap()).await
    }

    /// Returns an operation as JSON.
    pub(crate) async fn operation(&self, url: &str) -> Value {
        let request = Request::get(url).header(header::ACCEPT, "application/json");
        self.send(request, Body::empty()).await.json()
    }

    /// Returns the log of an operation as text.
    pub(crate) async fn log(&self, operation: &Value) -> String {
        self.get(&format!("{}log", operation["url"].as_str().unwrap())).await.text
    }
}

impl Answer {
    async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    #[track_caller]
    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}
