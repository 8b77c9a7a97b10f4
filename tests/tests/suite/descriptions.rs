//! Descriptions tell operations of one type apart, wherever operations are listed or linked.

use std::path::PathBuf;

use axum::{
    body::Body,
    http::{Request, header},
};
use liveops::{
    Config, LiveOperation, OperationId, OperationState, Progress, Run, RunResult, RunnerKind,
    form::Upload,
    operation::NewOperation,
    runner::Builder,
    store::{ListFilter, Model},
};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Gate, Nothing, TestApp},
    database::on_every_database,
    files::upload_folder,
    multipart::{MULTIPART, multipart},
};

/// Reads files that users upload.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "described", describe = "{scores} and {photo}", form)]
struct Files {
    scores: PathBuf,
    photo: Upload,
}

impl Run for Files {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

/// Prepares a letter, and hands over to the [`Letter`].
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "described", describe = "Draft for {to}", public)]
struct Draft {
    to: String,
}

/// Sends a letter.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "described", describe = Letter::line)]
struct Letter {
    to: String,
}

impl Letter {
    fn line(&self) -> String {
        format!("To {}", self.to)
    }
}

impl Run for Draft {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.chain_to(Letter { to: self.to.clone() });
        Ok(())
    }
}

impl Run for Letter {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

fn registered(builder: Builder<Gate>) -> Builder<Gate> {
    builder.register::<Draft>().register::<Letter>()
}

async fn app(database_url: &str) -> TestApp {
    TestApp::on(database_url, |builder| registered(builder).runner(RunnerKind::Eager)).await
}

async fn draft(app: &TestApp, to: &str) -> Model {
    let id = app.liveops.enqueue(Draft { to: to.to_owned() }, "ann").await.unwrap();
    app.reaches(id, OperationState::FinishedOk).await;
    app.liveops.find(id).await.unwrap().unwrap()
}

async fn ids(app: &TestApp, filter: &ListFilter) -> Vec<OperationId> {
    let rows = app.liveops.list(filter, 100).await.unwrap();
    rows.iter().map(Model::operation_id).collect()
}

/// A text that changes the title of a terminal, begins another line, reorders what follows, and is markup.
const HOSTILE: &str = "<script>alert(1)</script>\u{1b}]0;PWNED\u{7}\r\nforged\u{9b}2J\u{202e}\u{2066}\u{61c}\u{e0041}end";

/// The same text as it is stored.
const STORED: &str = "<script>alert(1)</script> ]0;PWNED forged 2Jend";

on_every_database! {
    async fn a_description_is_in_lists_pages_and_json(db: TestDatabase) {
        let app = app(&db.url()).await;
        let row = draft(&app, "Żółć").await;
        assert_eq!(row.description.as_deref(), Some("Draft for Żółć"));
        let path = app.liveops.url(Draft::OP_TYPE, row.operation_id());
        let page = app.get(&path).await.body;
        assert!(page.contains("<title>Draft for Żółć – Draft</title>"), "{page}");
        let shown = "<p class=\"op-description\"><bdi>Draft for Żółć</bdi></p>";
        assert!(page.contains(shown), "{page}");
        let list = app.get("/live/").await.body;
        let listed = format!("<a href=\"{path}\">Draft</a><div class=\"liveops-secondary\"><bdi>Draft for Żółć</bdi></div>");
        assert!(list.contains(&listed), "{list}");
        assert_eq!(app.ask("GET", &path).await.json()["description"], "Draft for Żółć");
        let json = app.ask("GET", "/live/").await.json();
        assert_eq!(json["operations"][1]["description"], "Draft for Żółć", "{json}");
    }

    async fn a_link_to_the_next_operation_has_its_description(db: TestDatabase) {
        let app = app(&db.url()).await;
        let row = draft(&app, "Bob").await;
        let next = app.next_of(row.operation_id()).await.unwrap();
        assert_eq!(next.description.as_deref(), Some("To Bob"));
        let path = app.liveops.url(Letter::OP_TYPE, next.operation_id());
        let page = app.get(&app.liveops.url(Draft::OP_TYPE, row.operation_id())).await.body;
        let link = format!("<a href=\"{path}\">Letter</a>: <bdi>To Bob</bdi>");
        assert!(page.contains(&link), "{page}");
    }

    async fn an_operation_without_a_description_has_none(db: TestDatabase) {
        let app = app(&db.url()).await;
        let id = app.liveops.enqueue(Nothing, "ann").await.unwrap();
        // Operations of an earlier version.
        let older = draft(&app, "Bob").await;
        app.db.execute_unprepared("UPDATE liveops_operation SET description = NULL").await.unwrap();
        for (id, op_type, title) in
            [(id, Nothing::OP_TYPE, "Nothing"), (older.operation_id(), Draft::OP_TYPE, "Draft")]
        {
            let path = app.liveops.url(op_type, id);
            let page = app.get(&path).await.body;
            assert!(page.contains(&format!("<title>{title}</title>")), "{page}");
            assert!(!page.contains("op-description"), "{page}");
            assert!(app.ask("GET", &path).await.json()["description"].is_null());
        }
        assert!(!app.get("/live/").await.body.contains("<bdi>"));
    }

    async fn a_search_finds_descriptions(db: TestDatabase) {
        let app = app(&db.url()).await;
        let found = draft(&app, "Bob").await;
        draft(&app, "Carl").await;
        let filter = ListFilter::new().with_search("FOR BOB");
        assert_eq!(ids(&app, &filter).await, [found.operation_id()]);
        assert_eq!(app.liveops.count(&filter).await.unwrap(), 1);
    }

    async fn no_description_changes_the_text_around_it(db: TestDatabase) {
        let app = app(&db.url()).await;
        for to in [HOSTILE.to_owned(), format!("{HOSTILE}\0")] {
            let mut new = NewOperation::new(&Nothing, "ann").unwrap();
            new.description = Some(to);
            let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
            let row = app.liveops.find(id).await.unwrap().unwrap();
            assert_eq!(row.description.as_deref(), Some(STORED));
            let path = app.liveops.url(Nothing::OP_TYPE, id);
            for shown in [app.get(&path).await.body, app.get("/live/").await.body] {
                assert!(!shown.contains("<script>alert"), "{shown}");
                assert!(shown.contains("<bdi>&lt;script&gt;alert(1)&lt;/script&gt; ]0;PWNED forged 2Jend</bdi>"));
            }
        }
    }

    async fn a_description_of_any_length_is_kept_to_200_characters(db: TestDatabase) {
        let app = app(&db.url()).await;
        let row = draft(&app, &"ż".repeat(100_000)).await;
        let expected = format!("Draft for {}…", "ż".repeat(189));
        assert_eq!(row.description, Some(expected));
    }
}

#[tokio::test]
async fn an_uploaded_file_has_the_name_that_its_user_gave_it() {
    let folder = upload_folder();
    let config = Config::default().with_upload_dir(folder.path());
    let app = TestApp::with(|builder| builder.register::<Files>().config(config)).await;
    let body = multipart(&[
        ("scores", Some("spring scores.csv"), "a,b"),
        ("photo", Some("ann.png"), "png"),
    ]);
    let request = Request::post("/live/described.files/")
        .header(header::CONTENT_TYPE, MULTIPART)
        .header(header::ACCEPT, "application/json");
    let answer = app.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.json()["description"], "spring scores.csv and ann.png", "{answer:?}");
}
