//! The files that users upload: their folders, their permissions, and their deletion.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use liveops::{
    Config, LiveOperation, OperationId, OperationState, Progress, Run, RunResult, RunnerKind,
    form::Upload, runner::Builder,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    app::{Answer, Gate, TestApp},
    database::on_every_database,
    files::{files_in, upload_folder},
    log::Log,
    multipart::{MULTIPART, multipart_of_heads},
};

const PATH: &str = "/live/test.scores/";

/// Reads a file, and returns its name.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form)]
struct Scores {
    #[field(accept = ".csv,text/csv")]
    file: Upload,
    #[field(accept = "image/*")]
    pictures: Vec<Upload>,
}

impl Run for Scores {
    type Output = (String, String, String);

    async fn run(&self, _: Progress<Self>) -> RunResult<Self::Output> {
        let content = tokio::fs::read_to_string(&self.file).await?;
        Ok((self.file.file_name.clone(), self.file.content_type.clone(), content))
    }
}

struct Fixture {
    app: TestApp,
    uploads: TempDir,
}

impl Fixture {
    async fn start() -> Self {
        Self::on("sqlite::memory:", |config| config).await
    }

    async fn on(database_url: &str, change: impl FnOnce(Config) -> Config) -> Self {
        let uploads = upload_folder();
        let config = change(Config::default().with_upload_dir(uploads.path()));
        let change = |builder: Builder<Gate>| {
            builder.register::<Scores>().config(config).runner(RunnerKind::Eager)
        };
        Self { app: TestApp::on(database_url, change).await, uploads }
    }

    async fn send(&self, parts: &[(&str, &str)]) -> Answer {
        self.app.send(request(parts)).await
    }

    /// Uploads one file, and returns its operation.
    async fn upload(&self) -> OperationId {
        let answer = self.send(&[(CSV, "a,b")]).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.json()["id"].as_str().unwrap().parse().unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        files_in(self.uploads.path())
    }
}

const CSV: &str = "name=\"file\"; filename=\"scores.csv\"\r\nContent-Type: text/csv";

/// Each part has the rest of its `Content-Disposition`, with further headers, and its content.
fn request(parts: &[(&str, &str)]) -> Request<Body> {
    let parts = parts.iter().map(|(head, content)| (*head, content.as_bytes()));
    Request::post(PATH)
        .header(header::CONTENT_TYPE, MULTIPART)
        .header(header::ACCEPT, "application/json")
        .body(Body::from(multipart_of_heads(parts)))
        .unwrap()
}

on_every_database! {
    async fn an_upload_keeps_its_name_and_its_type(database: TestDatabase) {
        let fixture = Fixture::on(&database.url(), |config| config).await;
        for (head, name, content_type) in [
            (CSV, "scores.csv", "text/csv"),
            ("name=\"file\"; filename=\"C:\\\\tmp\\\\Zażółć %22x%22.csv\"", "Zażółć \"x\".csv", ""),
            ("name=file; filename*=UTF-8''na%C3%AFve.csv", "naïve.csv", ""),
            ("name=file; filename=\"a.csv\"; filename*=UTF-8''%E2%82%AC.csv", "€.csv", ""),
            ("name=\"file\"; filename=\"a\0b.csv\"", "ab.csv", ""),
            ("name=\"file\"; filename=\"x.csv\"\r\nContent-Type: Text/CSV; charset=x", "x.csv", "text/csv"),
        ] {
            let answer = fixture.send(&[(head, "a,b")]).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{head}: {answer:?}");
            let id: OperationId = answer.json()["id"].as_str().unwrap().parse().unwrap();
            let row = fixture.app.liveops.find(id).await.unwrap().unwrap();
            assert_eq!(row.input["file"]["file_name"], name, "{head}");
            assert_eq!(row.result_context, Some(json!([name, content_type, "a,b"])), "{head}");
        }
    }

    async fn files_are_deleted_with_their_operation(database: TestDatabase) {
        let fixture = Fixture::on(&database.url(), |config| config).await;
        let (first, second) = (fixture.upload().await, fixture.upload().await);
        assert_eq!(fixture.files().len(), 2, "no marker is left: {:?}", fixture.files());
        assert_eq!(fixture.app.liveops.prune(Duration::from_secs(3_600)).await.unwrap(), 0);
        assert_eq!(fixture.files().len(), 2);
        assert_eq!(fixture.app.liveops.prune(Duration::ZERO).await.unwrap(), 2);
        assert_eq!(fixture.files(), Vec::<PathBuf>::new(), "the files of {first} and {second}");
    }

    async fn files_of_an_upload_that_was_abandoned_are_deleted_a_day_later(database: TestDatabase) {
        let fixture = Fixture::on(&database.url(), |config| config).await;
        let existing = fixture.upload().await;
        let owner = fixture.files()[0].parent().unwrap().to_owned();
        // A process that is killed leaves the file and the marker.
        let leave = |id: OperationId, hours: u64| {
            let (file, marker) = (format!("{id}-0.csv"), format!("{id}.unconfirmed"));
            for path in [owner.join(file), owner.join(marker)] {
                let file = File::create(&path).unwrap();
                file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3_600)).unwrap();
            }
        };
        let (recent, old) = (OperationId::new(), OperationId::new());
        leave(recent, 23);
        leave(old, 25);
        leave(existing, 25);
        // A file of another program.
        fs::write(owner.join("notes.txt"), "").unwrap();
        fixture.app.liveops.prune(Duration::from_secs(3_600)).await.unwrap();
        let left: Vec<String> = fixture
            .files()
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        let count = |id: OperationId| {
            left.iter().filter(|name| name.starts_with(&id.to_string())).count()
        };
        assert_eq!((count(recent), count(old), count(existing)), (2, 0, 2), "{left:?}");
        assert!(left.contains(&"notes.txt".to_owned()));
        assert!(!left.contains(&format!("{existing}.unconfirmed")), "its operation exists");
    }
}

#[tokio::test]
async fn a_file_is_accepted_by_its_extension_or_its_media_type() {
    let fixture = Fixture::start().await;
    let file = |name: &str, content_type: &str| {
        format!("name=\"file\"; filename=\"{name}\"\r\nContent-Type: {content_type}")
    };
    for (name, content_type) in
        [("evil.html", "text/html"), ("evil.html", "text/csv"), ("scores", "text/html")]
    {
        let answer = fixture.send(&[(&file(name, content_type), "<script>")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {answer:?}");
        let message = "Expected a file of type .csv,text/csv.";
        assert_eq!(answer.json()["error"]["fields"], json!({ "file": message }));
    }
    assert_eq!(fixture.files().len(), 0);
    for (name, content_type) in
        [("a.csv", "application/vnd.ms-excel"), ("scores", "text/csv; charset=utf-8")]
    {
        let answer = fixture.send(&[(&file(name, content_type), "a,b")]).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_refused() {
    let fixture = Fixture::start().await;
    const UTF8: &str = "The form contains text that is not UTF-8.";
    const NAME: &str = "A file was sent without its name. Send the file again with its name.";
    for (head, message) in [
        ("name=\"file\"\r\nContent-Type: text/csv", NAME),
        ("name=\"file\"\r\nContent-Type: application/octet-stream", NAME),
        ("name=\"file\"; filename*=UTF-8''%FF.csv", UTF8),
        ("name=\"file\"; filename*=ISO-8859-1''%FC.csv", UTF8),
        ("filename=\"a.csv\"", "The form could not be read."),
        ("name=\"file\"; filename=\"a.csv", "The form could not be read."),
        ("name=\"a\"; name=\"b\"", "The form could not be read."),
        (
            "name=\"file\"; filename=\"a.csv\"\r\nContent-Transfer-Encoding: base64",
            "The form could not be read.",
        ),
    ] {
        let answer = fixture.send(&[(head, "a,b")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{head}: {answer:?}");
        assert_eq!(answer.json()["error"]["message"], message, "{head}");
    }
    assert_eq!(fixture.files().len(), 0);
}

#[tokio::test]
async fn an_upload_without_its_file_is_refused() {
    let fixture = Fixture::start().await;
    let id = fixture.upload().await;
    let row = fixture.app.liveops.find(id).await.unwrap().unwrap();
    // liveops does not accept the user's own file either, because another operation would delete the file.
    for file in [row.input["file"].clone(), row.input["file"]["path"].clone(), json!("/etc/passwd")]
    {
        let input = json!({ "file": file, "pictures": [] });
        let answer = fixture.app.post_json(PATH, &input.to_string()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{file}");
        let message = "Upload the file. A path is not accepted here.";
        assert_eq!(answer.json()["error"]["fields"], json!({ "file": message }), "{file}");
    }
}

#[tokio::test]
async fn the_files_of_an_owner_have_a_quota() {
    let change = |config: Config| config.with_upload_bytes_per_owner_max(256 << 10);
    let fixture = Fixture::on("sqlite::memory:", change).await;
    let send = async |user: &'static str, bytes: usize| {
        let content = "x".repeat(bytes);
        let mut request = request(&[(CSV, &content)]);
        request.headers_mut().insert("x-user", user.parse().unwrap());
        let length = 200 + bytes;
        request.headers_mut().insert("content-length", length.to_string().parse().unwrap());
        fixture.app.send(request).await
    };
    assert_eq!(send("ann", 150 << 10).await.status, StatusCode::CREATED);
    let refused = send("ann", 150 << 10).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        refused.json()["error"]["message"],
        "Your files would have 300.2 KB together; at most 256 KB are allowed. Files are deleted with \
         their operations."
    );
    assert_eq!(send("bob", 150 << 10).await.status, StatusCode::CREATED, "another owner");
    // Files of a few bytes also count for the quota.
    assert_eq!(send("ann", 1).await.status, StatusCode::CREATED);
    assert_eq!(send("ann", 1).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    fixture.app.liveops.prune(Duration::ZERO).await.unwrap();
    assert_eq!(send("ann", 150 << 10).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn the_default_folder_is_beside_the_database_and_private() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("scores.sqlite3");
    let url = format!("sqlite://{}", database.display());
    let change = |builder: Builder<Gate>| builder.register::<Scores>().runner(RunnerKind::Worker);
    let app = TestApp::on(&url, change).await;
    let answer = app.send(request(&[(CSV, "a,b")])).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let uploads = folder.path().join("scores.sqlite3-uploads");
    let files = files_in(&uploads);
    let [file] = &files[..] else { panic!("one file: {files:?}") };
    #[cfg(unix)]
    {
        assert_eq!(mode(file), 0o600);
        assert_eq!((mode(file.parent().unwrap()), mode(&uploads)), (0o700, 0o700));
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_others_can_change_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let log = Log::begin();
    let fixture = Fixture::start().await;
    fs::set_permissions(fixture.uploads.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let answer = fixture.send(&[(CSV, "a,b")]).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{answer:?}");
    assert!(!answer.body.contains(fixture.uploads.path().to_str().unwrap()), "{}", answer.body);
    assert_eq!(fixture.files().len(), 0);
    let advice = "to be private, mode 0700, found mode 0777; run `chmod 700` on it";
    assert!(log.lines().iter().any(|line| line.text.contains(advice)), "{:?}", log.lines());
}

#[tokio::test]
async fn files_of_an_operation_that_still_runs_stay() {
    let uploads = upload_folder();
    let config = Config::default().with_upload_dir(uploads.path());
    let change = |builder: Builder<Gate>| {
        builder.register::<Scores>().config(config).runner(RunnerKind::Worker)
    };
    let app = TestApp::with(change).await;
    let answer = app.send(request(&[(CSV, "a,b")])).await;
    let id: OperationId = answer.json()["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(app.liveops.prune(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(files_in(uploads.path()).len(), 1);
    app.liveops.start_worker();
    app.reaches(id, OperationState::FinishedOk).await;
}
