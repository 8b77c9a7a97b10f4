//! Tests of the output of commands in a terminal.
#![cfg(unix)]

use std::{
    fs,
    process::{Output, Stdio},
};

use expect_test::expect;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::desk::{Desk, TIMEOUT, error};

/// Returns a line of a bar without the parts that only a longer run shows.
fn without_speed(line: &str) -> &str {
    line.find(" % · ").map_or(line, |place| &line[..place + " %".len()])
}

/// Returns a text without the ids of operations.
fn without_ids(text: &str) -> String {
    let words = text.split_inclusive(|c: char| !(c.is_ascii_hexdigit() || c == '-'));
    let is_id = |word: &str| word.len() >= 36 && word[..36].matches('-').count() == 4;
    words
        .map(|word| if is_id(word) { format!("ID{}", &word[36..]) } else { word.to_owned() })
        .collect()
}

#[tokio::test]
async fn an_import_is_run_and_gives_its_result_as_text() {
    let desk = Desk::new();
    let said = desk
        .says(&["run", "demo.score_import", "--owner", "admin", "--set", "file=scores.csv"])
        .await;
    // The number of checks, and the presence of a rate, depend on timing.
    let is_sure = |line: &&str| {
        let starts = ["Checking: ", "Reading: ", "Saving 2 rows", "2 of 2 · 100 %"];
        !starts.iter().any(|start| line.starts_with(start))
    };
    assert!(said.contains("2 of 2 · 100 %"), "{said}");
    let lines = said.lines().filter(is_sure).map(without_speed);
    let said: String = lines.map(|line| format!("{line}\n")).collect();
    expect![[r#"
        Score import (ID)
        === [1/3] Load ===
        The file has 3 rows
        === [2/3] Process ===
        Checking the rows
        Warning: Line 3: "xx" is not a score: expected a number from 0 to 100
        === [3/3] Save ===
        2 rows saved, 1 rejected
        2 of 3 rows saved, 1 rejected
        ART-1               1 scores, mean  80.00
        MATH-2              1 scores, mean  70.00
    "#]]
    .assert_eq(&without_ids(&said));

    let operation = desk.newest().await;
    assert_eq!(operation["state"], "FINISHED_OK");
    assert_eq!(operation["owner"], "admin");
    assert_eq!(operation["result"]["accepted"], 2);
}

#[tokio::test]
async fn a_line_is_written_as_often_as_the_bar_comes_to_a_tenth() {
    let desk = Desk::new();
    let said = desk.says(&["run", "demo.demo_import", "--set", "pace_ms=60"]).await;
    let tenths = said.lines().map(without_speed).filter(|line| line.ends_with(" %"));
    let tenths: Vec<&str> = tenths.collect();
    assert!(tenths.len() > 10, "{said}");
    for (before, after) in tenths.iter().zip(&tenths[1..]) {
        assert_ne!(before, after, "{said}");
    }
    assert!(tenths.last().unwrap().ends_with(" 100 %"), "{said}");
}

#[tokio::test]
async fn a_chain_goes_on_in_the_same_output() {
    let desk = Desk::new();
    let said = desk.says(&["run", "demo.chain_start", "--set", "pace_ms=0"]).await;
    expect![[r#"
        Chain: first half (ID)
        === [1/1] First half ===
        Handing over "a note from the first half"
        Handed over: a note from the first half
        Chain: second half (ID)
        === [1/1] Second half ===
        Received "a note from the first half"
        Received: a note from the first half
    "#]]
    .assert_eq(&without_ids(&said));
}

#[tokio::test]
async fn a_failed_attempt_is_followed_by_another() {
    let desk = Desk::new();
    let said = desk.says(&["run", "demo.flaky_task", "--set", "failures=1"]).await;
    expect![[r#"
        Flaky task (ID)
        Attempt 1
        Warning: Attempt 1 of 5 failed, next attempt in 1 s: Something went wrong. If this happens again, give support this reference: ID
        Attempt 2 of 5
        Attempt 2
        Attempt 2 went well.
    "#]].assert_eq(&without_ids(&said));
}

#[tokio::test]
async fn a_durable_stage_is_marked_as_reused() {
    let desk = Desk::new();
    let input = ["--set", "seconds=0", "--set", "fail_at=2"];
    let said = desk.says(&[&["run", "demo.durable_task"][..], &input].concat()).await;
    let reused = "=== [1/3] Fetch ===\nReused from an earlier attempt\n";
    assert_eq!(said.matches(reused).count(), 1, "{said}");
    assert!(said.ends_with("fetch=1\nconvert=1\npublish=1\n"), "{said}");
}

#[tokio::test]
async fn a_terminal_is_answered_in_its_language() {
    let desk = Desk::new();
    let in_polish = async |arguments: &[&str]| {
        let mut command = desk.command(arguments);
        let output = command.env("LC_ALL", "pl_PL.UTF-8").stdin(Stdio::null()).output();
        timeout(TIMEOUT, output).await.expect("it ends").unwrap()
    };
    let output = in_polish(&["run", "demo.flaky_task", "--set", "failures=1"]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    expect![[r#"
        Kapryśne zadanie (ID)
        Attempt 1
        Ostrzeżenie: Próba 1 z 5 nie powiodła się, następna próba za 1 s: Wystąpił błąd. Jeśli się powtórzy, podaj pomocy technicznej ten identyfikator: ID
        Próba 2 z 5
        Attempt 2
        Attempt 2 went well.
    "#]].assert_eq(&without_ids(&said));

    let bad = in_polish(&["run", "demo.flaky_task", "--set", "failures=many"]).await;
    expect![[r#"
        error: failures: Oczekiwano liczby całkowitej.
    "#]]
    .assert_eq(&error(&bad));

    let id = desk.newest().await["id"].as_str().unwrap().to_owned();
    let shown = String::from_utf8(in_polish(&["show", &id]).await.stdout).unwrap();
    assert!(shown.starts_with(&format!("Kapryśne zadanie ({id})\n")), "{shown}");
    assert!(desk.says(&["show", &id]).await.starts_with(&format!("Flaky task ({id})\n")));
}

#[tokio::test]
async fn show_names_every_attempt_and_action() {
    let desk = Desk::new();
    desk.says(&["run", "demo.flaky_task", "--set", "failures=1"]).await;
    let operation = desk.newest().await;
    let history = operation["attempts"]["history"].as_array().unwrap();
    let outcomes: Vec<_> = history.iter().map(|past| past["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["failed", "finished"]);
    assert!(history.iter().all(|past| past["worker"].is_string()), "{operation}");
    assert_eq!(operation["actions"][0]["action"], "create", "{operation}");

    let id = operation["id"].as_str().unwrap();
    desk.says(&["retry", id]).await;
    let shown = desk.says(&["show", id]).await;
    let (_, shown) = shown.split_once("\n--- Earlier attempts ---\n").expect(&shown);
    assert!(shown.starts_with("Attempt 1: Failed · "), "{shown}");
    assert!(shown.contains("\n    Error: Something went wrong."), "{shown}");
    assert!(shown.contains("\nAttempt 2: Finished · "), "{shown}");
    let (_, actions) = shown.split_once("\n--- Actions ---\n").expect(shown);
    let actions: Vec<_> = actions.lines().map(|line| line.split_once(" · ").unwrap().1).collect();
    assert_eq!(actions, ["Created · the application", "Retried · the application"]);
}

#[tokio::test]
async fn log_prints_the_lines_of_every_attempt_and_filters_them() {
    let desk = Desk::new();
    desk.says(&["run", "demo.flaky_task", "--set", "failures=1"]).await;
    let operation = desk.newest().await;
    let id = operation["id"].as_str().unwrap();
    let log = desk.says(&["log", id]).await;
    let first = log.lines().nth(2).expect(&log);
    assert!(log.starts_with("[Attempt 1]\n") && first.contains(" warning Attempt 1 of "), "{log}");
    let filtered = ["--level", "warning", "--search", "ATTEMPT 1 OF", "--attempt", "1"];
    let said = desk.says(&[&["log", id], &filtered[..]].concat()).await;
    assert_eq!(said.trim_end(), first);
    assert_eq!(desk.says(&["log", id, "--level", "error"]).await, "");
    let unknown = desk.demo(&["log", id, "--attempt", "9"]).await;
    assert_eq!(error(&unknown), format!("error: operation {id} has no such attempt\n"));
    let wrong = desk.demo(&["log", id, "--level", "loud"]).await;
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
}

#[tokio::test]
async fn a_failure_is_exit_code_1() {
    let desk = Desk::new();
    for (op_type, says, is_told_by_show) in [
        ("demo.failing_task", "Failed: The mail", false),
        ("demo.panicking_task", "Failed: ", true),
    ] {
        let output = desk.demo(&["run", op_type]).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(str::from_utf8(&output.stdout).unwrap().contains(says));
        let operation = desk.newest().await;
        assert_eq!(operation["state"], "FINISHED_ERROR");
        let told =
            format!("to see the traceback, run: show {}\n", operation["id"].as_str().unwrap());
        assert_eq!(error(&output).contains(&told), is_told_by_show, "{output:?}");
    }
}

#[tokio::test]
async fn no_message_contains_the_password_of_the_database() {
    let desk = Desk::new();
    for url in [
        "mysql://ann:S3cr3tPw@h/x",
        "postgres:ann:S3cr3tPw@h/x",
        "postgres://ann:S3cr3tPw@h:port/x",
        "postgres://ann:S3cr3tPw/@h/x",
        "postgres://h.invalid/x?user=ann&password=S3cr3tPw",
        "postgres://h.invalid/x?user=ann&passwd=S3cr3tPw",
    ] {
        let mut command = desk.command(&["list"]);
        command.env("DATABASE_URL", url).env("RUST_LOG", "warn");
        let output = timeout(TIMEOUT, command.output()).await.expect("it ends").unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let error = error(&output);
        assert!(!error.contains("S3cr3t") && error.contains("database"), "{url}: {error}");
    }
}

#[tokio::test]
async fn no_byte_of_a_file_controls_the_terminal() {
    let desk = Desk::new();
    let hostile = "\u{1b}]0;PWNED\u{7}\u{1b}[2J\u{9b}2J\u{7f}\u{85}\u{202e}\u{1b}[31mred";
    let scores = format!("student,course,score\nann,ART-1,{hostile}\n{hostile},MATH-1,70\n");
    fs::write(desk.path().join("scores.csv"), scores).unwrap();
    fs::write(desk.path().join("header.csv"), format!("{hostile},b\n")).unwrap();
    let name = format!("{hostile}.csv");
    fs::write(desk.path().join(&name), "student,course,score\nann,ART-1,70\n").unwrap();
    // A row of its own in the list.
    let owner = format!("ann{hostile}\n01a1ffb3-edad-74da-9fe1-af30ea360955  forged\tmore");

    let is_unsafe = |c: char| (c.is_control() && !"\t\n".contains(c)) || c == '\u{202e}';
    let quiet = |output: &Output| {
        let text = [&output.stdout[..], &output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains(is_unsafe), "{text:?}");
    };
    for file in ["scores.csv", "header.csv", &name, "missing\u{1b}[2J.csv"] {
        let file = format!("file={file}");
        let run = ["run", "demo.score_import", "--owner", &owner, "--set", &file];
        quiet(&desk.demo(&["run", "demo.score_import", "--owner", "admin", "--set", &file]).await);
        let json = desk.demo(&[&run[..], &["--json"]].concat()).await;
        quiet(&json);
        for line in str::from_utf8(&json.stdout).unwrap().lines() {
            serde_json::from_str::<Value>(line).unwrap();
        }
    }
    let listed = desk.demo(&["list"]).await;
    quiet(&listed);
    assert_eq!(str::from_utf8(&listed.stdout).unwrap().lines().count(), 8, "{listed:?}");
    let listed = desk.demo(&["list", "--json"]).await;
    quiet(&listed);
    for line in str::from_utf8(&listed.stdout).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let is_hostile = row["owner"] == json!(owner);
        assert!(is_hostile || row["owner"] == "admin", "{row}");
        let id = row["id"].as_str().unwrap();
        let shown = desk.demo(&["show", id]).await;
        quiet(&shown);
        let fields = str::from_utf8(&shown.stdout).unwrap().lines();
        assert_eq!(fields.filter(|line| line.starts_with("Owner: ")).count(), 1, "{shown:?}");
        let shown = desk.demo(&["show", id, "--json"]).await;
        quiet(&shown);
        serde_json::from_slice::<Value>(&shown.stdout).unwrap();
    }
    quiet(&desk.demo(&["run", "\u{1b}[2J"]).await);
    quiet(&desk.demo(&["run", "demo.score_import", "--input", "\u{1b}[2J"]).await);
}

#[tokio::test]
async fn a_loop_of_statuses_does_not_flood_a_pipe() {
    let desk = Desk::new();
    // 20 statuses a second for three seconds.
    let input = ["--set", "status=Busy", "--set", "hz=20", "--set", "seconds=3"];
    let said = desk.says(&[&["run", "demo.echo_task"][..], &input].concat()).await;
    let lines = said.lines().filter(|line| line.contains("Busy")).count();
    assert!((1..=2).contains(&lines), "{said}");
}

#[tokio::test]
async fn events_are_lines_of_json_with_the_operation_they_are_about() {
    let desk = Desk::new();
    let said = desk.says(&["run", "demo.chain_start", "--set", "pace_ms=0", "--json"]).await;
    let events: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen = events.iter().map(|event| {
        assert!(event["id"].is_string());
        let stage = event["stage"].as_str().map(|stage| format!(" {stage} {}", event["state"]));
        format!("{} {}{}", event["op_type"], event["event"], stage.unwrap_or_default())
    });
    let seen: Vec<String> = seen.map(|line| line.replace('"', "")).collect();
    let expected = [
        "demo.chain_start started",
        "demo.chain_start stage First half active",
        "demo.chain_start log",
        "demo.chain_start stage First half done",
        "demo.chain_start ended",
        "demo.chain_start chained",
        "demo.chain_end started",
        "demo.chain_end stage Second half active",
        "demo.chain_end log",
        "demo.chain_end stage Second half done",
        "demo.chain_end ended",
    ];
    assert_eq!(seen, expected);
    assert_eq!(events[5]["next"], json!({ "id": events[6]["id"], "op_type": "demo.chain_end" }));
    let last = events.last().unwrap();
    assert_eq!(last["state"], "FINISHED_OK");
    assert_eq!(last["result"], "Received: a note from the first half");
}

#[tokio::test]
async fn workers_beside_it_leave_it_alone() {
    let desk = Desk::new();
    let _serving = desk.start_beside(&["serve", "--bind", "127.0.0.1:0"]).await;
    let _working = desk.start_beside(&["worker"]).await;
    for arguments in [
        &["demo.flaky_task", "--set", "failures=1"][..],
        &["demo.chain_start", "--set", "pace_ms=0"],
        &["demo.chain_start", "--set", "pace_ms=0"],
        &["demo.quick_task"],
    ] {
        let run = desk.start(&[&["run"], arguments].concat());
        let worker = format!("pid-{}-", run.child.id().unwrap());
        let (status, said) = run.ends().await;
        assert!(status.success(), "{said}");
        let operation = desk.newest().await;
        assert!(operation["worker"].as_str().unwrap().starts_with(&worker), "{operation}");
    }
    assert_eq!(desk.says(&["list", "--state", "FINISHED_OK"]).await.lines().count(), 6);
}

#[tokio::test]
async fn what_is_not_registered_any_more_is_listed_all_the_same() {
    let desk = Desk::new();
    desk.says(&["run", "demo.quick_task"]).await;
    let file = format!("sqlite://{}", desk.path().join("demo.sqlite3").display());
    let db = liveops::store::connect(&file).await.unwrap();
    let renamed = "UPDATE liveops_operation SET op_type = 'demo.gone'";
    assert_eq!(db.execute_unprepared(renamed).await.unwrap().rows_affected(), 1);

    let listed = desk.says(&["list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (&listed["op_type"], &listed["state"], &listed["stages"]),
        (&json!("demo.gone"), &json!("FINISHED_OK"), &json!([]))
    );
    let id = listed["id"].as_str().unwrap();
    assert_eq!(listed["url"], json!(format!("/live/demo.gone/{id}/")));
    assert!(desk.says(&["list"]).await.contains("demo.gone"));
    assert!(desk.says(&["show", id]).await.contains("demo.gone"));
}

#[tokio::test]
async fn a_reader_that_goes_away_stops_nothing() {
    let desk = Desk::new();
    let mut run =
        desk.start(&["run", "demo.flood_task", "--set", "ticks=1000", "--set", "lines=1000"]);
    drop(run.lines);
    let status = timeout(TIMEOUT, run.child.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(desk.newest().await["state"], "FINISHED_OK");
}

#[tokio::test]
async fn no_line_of_the_log_is_lost_on_its_way() {
    let desk = Desk::new();
    let said =
        desk.says(&["run", "demo.flood_task", "--set", "ticks=1", "--set", "lines=20000"]).await;
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("Line ")).collect();
    assert_eq!(lines.len(), 20_000, "{}", &said[..2_000]);
    let mut once = lines.clone();
    once.dedup();
    assert_eq!(lines, once);
}

#[tokio::test]
async fn what_there_is_can_be_listed_shown_cancelled_and_retried() {
    let desk = Desk::new();
    desk.says(&["run", "demo.quick_task", "--owner", "ann"]).await;
    desk.demo(&["run", "demo.panicking_task", "--owner", "bob"]).await;
    let panicked = desk.newest().await["id"].as_str().unwrap().to_owned();

    assert_eq!(desk.says(&["list"]).await.lines().count(), 2);
    for filter in [
        ["--owner", "bob"],
        ["--state", "FINISHED_ERROR"],
        ["--type", "demo.panicking_task"],
        ["--limit", "1"],
    ] {
        let listed = desk.says(&[&["list"][..], &filter].concat()).await;
        assert_eq!(listed.lines().count(), 1, "{filter:?}: {listed}");
        assert!(listed.starts_with(&panicked), "{filter:?}: {listed}");
    }

    assert_eq!(desk.newest().await["queue"], "default", "what staff know is there");
    let shown = desk.says(&["show", &panicked]).await;
    for part in
        ["State: FINISHED_ERROR", "Owner: bob", "Attempt 1 of 1", "--- Traceback ---\n", "panicked"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    let ended = desk.demo(&["cancel", &panicked]).await;
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(error(&ended), format!("error: operation {panicked} has already ended\n"));
    assert_eq!(desk.says(&["retry", &panicked]).await, "The operation is queued again.\n");
    assert_eq!(desk.newest().await["state"], "NOT_STARTED", "nobody is there to run it");
    let waiting = desk.demo(&["retry", &panicked]).await;
    assert_eq!(waiting.status.code(), Some(1));
    assert_eq!(error(&waiting), format!("error: operation {panicked} has not ended yet\n"));
    assert_eq!(
        desk.says(&["cancel", &panicked]).await,
        "The operation was cancelled before it started.\n"
    );

    let nobody = "00000000-0000-0000-0000-000000000000";
    for command in ["cancel", "retry", "show"] {
        let unknown = desk.demo(&[command, nobody]).await;
        assert_eq!(unknown.status.code(), Some(1));
        assert_eq!(error(&unknown), format!("error: operation {nobody} not found\n"));
    }
    assert_eq!(desk.demo(&["show", "nonsense"]).await.status.code(), Some(2));
}

#[tokio::test]
async fn completions_and_the_manual_know_every_command() {
    let desk = Desk::new();
    let help = desk.says(&["--help"]).await;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let commands: Vec<&str> =
        commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(commands.len(), 13, "{commands:?}");
    let manual = desk.says(&["man"]).await;
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let completions = desk.says(&["completions", shell]).await;
        for command in &commands {
            assert!(completions.contains(command), "{shell}: {command}");
        }
    }
    for command in commands {
        assert!(manual.contains(&format!("demo\\-{command}")), "{command}: {manual}");
    }
    assert!(manual.contains("\\-\\-older\\-than"), "{manual}");
    assert!(!desk.path().join("demo.sqlite3").exists(), "neither needs a database");
}
