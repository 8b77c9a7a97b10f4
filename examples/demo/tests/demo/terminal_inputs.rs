//! Tests of arguments, variables and inputs of commands.
#![cfg(unix)]

use std::{fs, process::Stdio};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

use crate::desk::{Desk, TIMEOUT, error};

#[tokio::test]
async fn bad_usage_is_exit_code_2_and_says_what_was_expected() {
    let desk = Desk::new();
    fs::write(desk.path().join("bad.json"), r#"{ "file": "scores.csv", "pace_ms": "1" }"#).unwrap();
    for (arguments, says) in [
        (&["demo.score_import"][..], "error: file: Choose a file.\n"),
        (
            &["demo.score_import", "--set", "file=scores.csv", "--set", "pace_ms=abc"],
            "error: pace_ms: Expected a whole number.\n",
        ),
        (
            &["demo.score_import", "--set", "file=scores.csv", "--set", "pace_ms=99999"],
            "error: pace_ms: Expected a value from 0 to 10000, found 99999.\n",
        ),
        (
            &["demo.score_import", "--input", "bad.json"],
            "error: pace_ms: Expected a whole number.\n",
        ),
        (&["demo.score_import", "--input", "none.json"], "error: failed to read none.json: "),
        (
            &["demo.score_imprt"],
            "did you mean `demo.score_import`?\n\nAvailable types:\n  demo.blocking_task\n",
        ),
        (&["score_import"], "did you mean `demo.score_import`?"),
        (
            &["demo.nothing_like_it"],
            "error: unknown operation type `demo.nothing_like_it`\n\nAvailable",
        ),
        (&["demo.quick_task", "--set", "file"], "expected FIELD=VALUE"),
        (
            &["demo.score_import", "--set", "file=scores.csv", "--set", "pase_ms=1"],
            "error: pase_ms: unknown field, expected one of: file, pace_ms\n",
        ),
        (
            &["demo.quick_task", "--set", "pace_ms=1"],
            "error: pace_ms: unknown field, expected no fields\n",
        ),
        (&[], "<TYPE>"),
    ] {
        let output = desk.demo(&[&["run"], arguments].concat()).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        let error = error(&output);
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
    assert_eq!(desk.says(&["list"]).await, "");
}

#[tokio::test]
async fn an_empty_variable_is_an_absent_one() {
    let desk = Desk::new();
    for empty in ["", " "] {
        let mut command = desk.command(&["list"]);
        for name in ["BIND", "DATABASE_URL", "REDIS_URL", "RUNNER", "SECRET_KEY", "RUST_LOG"] {
            command.env(name, empty);
        }
        let output = timeout(TIMEOUT, command.output()).await.expect("it ends").unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert!(desk.path().join("demo.sqlite3").exists());
    // `serve` and `worker` have the variable as well.
    for (arguments, empty) in
        [(&["serve"][..], ""), (&["serve"], " "), (&["worker"], " "), (&[], "")]
    {
        let mut command = desk.command(arguments);
        command.env("BIND", empty).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = timeout(TIMEOUT, log.next_line()).await.unwrap().unwrap().unwrap_or_default();
        let rest = timeout(TIMEOUT, log.next_line()).await.unwrap().unwrap().unwrap_or_default();
        let said = format!("{line}\n{rest}");
        // Another program may use the default address.
        let works = ["127.0.0.1:3000", "working"].iter().any(|text| said.contains(text));
        assert!(works && !said.contains("invalid"), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn the_path_of_a_file_is_stored_absolute() {
    let desk = Desk::new();
    let path = fs::canonicalize(desk.path()).unwrap().join("scores.csv");
    fs::write(desk.path().join("input.json"), r#"{ "file": "scores.csv" }"#).unwrap();
    for input in [["--set", "file=scores.csv"], ["--input", "input.json"]] {
        desk.says(&[&["run", "demo.score_import", "--owner", "admin"][..], &input].concat()).await;
        assert_eq!(desk.newest().await["input"]["file"], json!(path));
    }
    // A retry may run in a process with another folder.
    let id = desk.newest().await["id"].as_str().unwrap().to_owned();
    desk.says(&["retry", &id]).await;
    assert_eq!(desk.newest().await["input"]["file"], json!(path));
}

#[tokio::test]
async fn an_input_may_have_a_byte_order_mark() {
    let desk = Desk::new();
    fs::write(desk.path().join("input.json"), "\u{feff}{ \"failures\": 0 }").unwrap();
    desk.says(&["run", "demo.flaky_task", "--input", "input.json"]).await;
    assert_eq!(desk.newest().await["input"], json!({ "failures": 0 }));
}

#[tokio::test]
async fn an_input_may_be_json() {
    let desk = Desk::new();
    fs::write(desk.path().join("input.json"), r#"{ "failures": 0 }"#).unwrap();
    desk.says(&["run", "demo.flaky_task", "--input", "input.json"]).await;
    assert_eq!(desk.newest().await["input"], json!({ "failures": 0 }));
}
