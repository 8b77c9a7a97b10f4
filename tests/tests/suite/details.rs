//! Owners see when their operation started, how long it took, and what they entered; nobody else sees the input.

use std::path::PathBuf;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use liveops::{
    LiveOperation, Progress, Run, RunResult, RunnerKind, form::FormField, operation::NewOperation,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{
    app::{Answer, Greeting, TestApp},
    database::on_every_database,
};

/// Imports scores.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "details", form)]
struct Import {
    /// CSV file
    #[field(any_path)]
    file: PathBuf,
    format: Format,
    #[field(kind = "password")]
    pin: String,
    #[serde(default)]
    #[field(skip)]
    internal: String,
    rows: u32,
}

#[derive(Serialize, Deserialize, FormField)]
#[serde(rename_all = "snake_case")]
enum Format {
    CommaSeparated,
}

/// Only code creates one.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "details")]
struct Internal {
    api_key: String,
}

macro_rules! nothing_to_run {
    ($($op:ty)*) => {
        $(impl Run for $op {
            type Output = ();

            async fn run(&self, _: Progress<Self>) -> RunResult<()> {
                Ok(())
            }
        })*
    };
}

nothing_to_run!(Import Internal);

async fn app(database_url: &str) -> TestApp {
    TestApp::on(database_url, |builder| {
        builder.register::<Import>().register::<Internal>().runner(RunnerKind::Eager)
    })
    .await
}

async fn import(app: &TestApp) -> String {
    let import = Import {
        file: "/srv/secret-folder/spring.csv".into(),
        format: Format::CommaSeparated,
        pin: "secret pin".into(),
        internal: "secret of the application".into(),
        rows: 12_345,
    };
    let id = app.liveops.enqueue(import, "ann").await.unwrap();
    app.liveops.url(Import::OP_TYPE, id)
}

async fn get(app: &TestApp, user: &str, path: &str, accept: &str) -> Answer {
    let request = Request::get(path).header("x-user", user).header("accept", accept);
    app.send(request.body(Body::empty()).unwrap()).await
}

async fn json_for(app: &TestApp, user: &str, path: &str) -> Value {
    get(app, user, path, "application/json").await.json()
}

on_every_database! {
    async fn an_owner_sees_start_duration_and_what_the_form_asked_for(db: TestDatabase) {
        let app = app(&db.url()).await;
        let path = import(&app).await;
        let page = app.get(&path).await.body;
        let part = app.get(&format!("{path}details")).await.body;
        for shown in [&page, &part] {
            for text in [
                "<dt>Created</dt>", "<dt>Started</dt>", "<dt>Ended</dt>", "<dt>Running time</dt>",
                "<dt>CSV file</dt><dd dir=\"auto\">spring.csv</dd>",
                "<dt>Format</dt><dd dir=\"auto\">Comma separated</dd>",
                "<dt>Rows</dt><dd dir=\"auto\">12,345</dd>",
            ] {
                assert!(shown.contains(text), "{text} in {shown}");
            }
            assert!(!shown.contains("secret"), "{shown}");
        }
        let json = json_for(&app, "ann", &path).await;
        let entered = json!({ "file": "spring.csv", "format": "comma_separated", "rows": 12_345 });
        assert_eq!(json["input"], entered);
        assert!(json["started_on"].is_string() && json["finished_on"].is_string());
    }

    async fn the_input_of_an_operation_that_code_created_is_for_staff(db: TestDatabase) {
        let app = app(&db.url()).await;
        let internal = Internal { api_key: "secret".into() };
        let id = app.liveops.enqueue(internal, "ann").await.unwrap();
        let path = app.liveops.url(Internal::OP_TYPE, id);
        let json = get(&app, "ann", &path, "application/json").await;
        assert!(!json.body.contains("secret") && json.json().get("input").is_none(), "{json:?}");
        for path in [path.clone(), format!("{path}details")] {
            let page = app.get(&path).await.body;
            assert!(page.contains("<dt>Started</dt>") && !page.contains("secret"), "{page}");
        }
        let json = json_for(&app, "admin", &path).await;
        assert_eq!(json["input"], json!({ "api_key": "secret" }));
    }

    async fn an_input_without_a_form_is_shown_to_the_owner_as_it_was_sent(db: TestDatabase) {
        let app = app(&db.url()).await;
        let id = app.liveops.enqueue(Greeting { name: "<b>Ann".into() }, "ann").await.unwrap();
        let path = app.liveops.url(Greeting::OP_TYPE, id);
        let page = app.get(&path).await.body;
        assert!(page.contains("&quot;name&quot;: &quot;&lt;b&gt;Ann&quot;"), "{page}");
        assert_eq!(json_for(&app, "ann", &path).await["input"], json!({ "name": "<b>Ann" }));
    }

    async fn no_other_user_gets_details(db: TestDatabase) {
        let app = app(&db.url()).await;
        let path = import(&app).await;
        for path in [path.clone(), format!("{path}details")] {
            let answer = get(&app, "bob", &path, "text/html").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{answer:?}");
        }
        // Staff read the row in a section of their own.
        let page = get(&app, "admin", &path, "text/html").await.body;
        assert!(!page.contains("liveops-details") && page.contains("secret of the application"));
        assert!(!get(&app, "admin", &format!("{path}details"), "text/html").await.body.contains("spring"));
    }

    async fn a_list_has_start_and_duration_and_no_input(db: TestDatabase) {
        let app = app(&db.url()).await;
        import(&app).await;
        let list = app.get("/live/").await.body;
        for text in [
            "<th scope=\"col\">Started</th><th scope=\"col\">Duration</th>",
            "<td data-label=\"Started\"><time datetime=\"",
            "<td data-label=\"Duration\">0",
        ] {
            assert!(list.contains(text), "{text} in {list}");
        }
        assert!(!list.contains("spring"), "{list}");
        let json = app.ask("GET", "/live/").await.json();
        assert!(json["operations"][0].get("input").is_none(), "{json}");
        let mut waits = NewOperation::new(&Greeting { name: "Ann".into() }, "ann").unwrap();
        waits.run_after = Some(chrono::Utc::now() + chrono::TimeDelta::days(1));
        app.liveops.enqueue_new(waits).await.unwrap();
        let list = app.get("/live/").await.body;
        assert!(list.contains("<td data-label=\"Started\"></td><td data-label=\"Duration\"></td>"), "{list}");
    }
}
