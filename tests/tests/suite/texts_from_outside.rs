//! Texts that clients send in unusual forms. With every database, liveops stores the right value or refuses the
//! request.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use liveops::{LiveOperation, OperationId, RunnerKind, runner::Builder};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{
    app::{Answer, Gate, Greeting, TestApp, nothing_to_run, request},
    database::on_every_database,
    multipart::multipart_of_heads,
};

/// A form of texts.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form)]
struct Note {
    text: String,
    #[serde(default)]
    tags: Vec<String>,
}

/// Takes any JSON.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", public)]
struct Anything {
    value: Value,
}

nothing_to_run!(Note Anything);

const NOTE: &str = "/live/test.note/";
const NUL: &str = "The character U+0000 is not allowed.";

async fn app(database_url: &str) -> TestApp {
    let change = |builder: Builder<Gate>| {
        builder.register::<Note>().register::<Anything>().runner(RunnerKind::Worker)
    };
    TestApp::on(database_url, change).await
}

async fn form(app: &TestApp, body: &[u8]) -> Answer {
    let request = Request::post(NOTE)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(Body::from(body.to_vec()))
        .unwrap();
    app.send(request).await
}

async fn multipart(app: &TestApp, text: &[u8]) -> Answer {
    let request = Request::post(NOTE)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=\"X\"")
        .header(header::ACCEPT, "application/json")
        .body(Body::from(multipart_of_heads([("name=\"text\"", text)])))
        .unwrap();
    app.send(request).await
}

#[track_caller]
fn is_refused(answer: &Answer, message: &str) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
    assert_eq!(answer.json()["error"]["message"], message);
}

async fn input(app: &TestApp, answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let id: OperationId = answer.json()["id"].as_str().unwrap().parse().unwrap();
    app.liveops.find(id).await.unwrap().unwrap().input
}

on_every_database! {
    async fn the_character_nul_is_refused(database: TestDatabase) {
        let app = app(&database.url()).await;
        is_refused(&form(&app, b"text=a%00b").await, &format!("text: {NUL}"));
        is_refused(&form(&app, b"text=a&tags=b%0Ac%00").await, &format!("tags: [1]: {NUL}"));
        is_refused(&multipart(&app, b"a\0b").await, &format!("text: {NUL}"));
        let json = app.post_json(NOTE, r#"{"text":"a\u0000b"}"#).await;
        is_refused(&json, &format!("text: {NUL}"));
        assert_eq!(json.json()["error"]["fields"], json!({ "text": NUL }));
        for (value, field) in [
            (r#""\u0000""#, "value"),
            (r#"[1,["a\u0000"]]"#, "value[1][0]"),
            (r#"{"a":{"b":"\u0000"}}"#, "value.a.b"),
            (r#"{"a\u0000":1}"#, "value.a\u{fffd}"),
        ] {
            let answer = app.post_json("/live/test.anything/", &format!("{{\"value\":{value}}}")).await;
            is_refused(&answer, &format!("{field}: {NUL}"));
        }
        for parameter in ["q", "op_type", "owner", "state", "next"] {
            for user in ["ann", "admin"] {
                let mut list = request("GET", &format!("/live/?{parameter}=a%00"));
                list.headers_mut().insert("x-user", user.parse().unwrap());
                list.headers_mut().insert(header::ACCEPT, "application/json".parse().unwrap());
                is_refused(&app.send(list).await, NUL);
            }
        }
        assert_eq!(app.liveops.list(&Default::default(), 10).await.unwrap().len(), 0);
    }

    async fn a_retry_whose_input_no_longer_fits_is_refused(database: TestDatabase) {
        let app = app(&database.url()).await;
        let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
        app.liveops.cancel(id).await.unwrap();
        let outdated = format!("UPDATE liveops_operation SET input = '{{\"nmae\":1}}' WHERE op_type = '{}'", Greeting::OP_TYPE);
        app.db.execute_unprepared(&outdated).await.unwrap();
        let answer = app.ask("POST", &format!("/live/test.greeting/{id}/retry")).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{answer:?}");
        let message = "The application no longer accepts the input of this operation. Start a new operation.";
        assert_eq!(answer.json()["error"], json!({ "code": "outdated", "message": message }));
        assert_eq!(app.liveops.find(id).await.unwrap().unwrap().attempt, 1, "nothing was changed");
    }

    async fn unusual_texts_are_stored_as_they_were_meant(database: TestDatabase) {
        let app = app(&database.url()).await;
        for (body, text) in [
            (b"text=one%0D%0Atwo".as_slice(), "one\ntwo"),
            (b"text=one%0Dtwo", "one\ntwo"),
            (b"text=%E2%82%AC+%26+100%", "€ & 100%"),
            (b"&&text=a&", "a"),
            ("text=ż€🦀".as_bytes(), "ż€🦀"),
            (b"text=%EF%BF%BD", "\u{fffd}"),
            ("text=\u{202e}a\u{feff}".as_bytes(), "\u{202e}a\u{feff}"),
        ] {
            assert_eq!(input(&app, &form(&app, body).await).await["text"], text);
        }
        let lists = form(&app, b"text=a&tags=a%0D%0Ab%0Dc%0Ad").await;
        assert_eq!(input(&app, &lists).await["tags"], json!(["a", "b", "c", "d"]));
        assert_eq!(input(&app, &multipart(&app, "ż€\r\n🦀".as_bytes()).await).await["text"], "ż€\n🦀");
        // A program that writes a byte order mark.
        let marked = app.post_json(NOTE, "\u{feff}{\"text\":\"a\"}").await;
        assert_eq!(input(&app, &marked).await["text"], "a");
    }
}

#[tokio::test]
async fn a_text_that_is_not_utf_8_is_refused() {
    let app = app("sqlite::memory:").await;
    const UTF8: &str = "The form contains text that is not UTF-8.";
    for body in [b"text=M\xfcller".as_slice(), b"text=M%FCller", b"M%FC=a", b"text=%C3"] {
        is_refused(&form(&app, body).await, UTF8);
    }
    is_refused(&multipart(&app, b"M\xfcller").await, UTF8);
    let answer = app.post_json(NOTE, "{\"text\":\"\\ud800\"}").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
}
