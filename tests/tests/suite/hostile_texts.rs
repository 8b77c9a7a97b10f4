//! Texts of child programs and of hostile files: no character of a log or a status controls the terminal of a
//! reader, and colours reach the page.

use liveops::{LiveOperation, Progress, Run, RunError, RunResult};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::app::TestApp;

/// Reports a text with every method that takes a text.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", public)]
struct Repeat {
    text: String,
    fails: bool,
}

impl Run for Repeat {
    type Output = String;

    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        p.log(&self.text);
        p.log_warn("a warning");
        p.status(&self.text);
        for item in p.track([1, 2]).label(&*self.text).unit(&*self.text) {
            item?;
        }
        if self.fails {
            return Err(RunError::user(self.text.clone()));
        }
        Ok(self.text.clone())
    }
}

const HOSTILE: &str =
    "\u{1b}]0;PWNED\u{7}\u{1b}[2J\u{9b}2J\u{1b}[32mok\u{1b}[0m\u{7f}\u{85}\u{202e}\u{61c}";

/// Creates the operation, which ends at once, and returns its path.
async fn repeat(app: &TestApp, text: &str, fails: bool) -> String {
    let input = json!({ "text": text, "fails": fails }).to_string();
    let created = app.post_json("/live/test.repeat/", &input).await;
    created.header("location").to_owned()
}

async fn app() -> TestApp {
    TestApp::with(|builder| builder.runner(liveops::RunnerKind::Eager).register::<Repeat>()).await
}

fn is_unsafe(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n')) || matches!(c, '\u{202e}' | '\u{61c}')
}

#[tokio::test]
async fn the_log_as_text_controls_no_terminal() {
    let app = app().await;
    let path = repeat(&app, HOSTILE, false).await;
    let log = app.get(&format!("{path}log")).await.body;
    assert!(!log.contains(is_unsafe), "{log:?}");
    let line = log.lines().next().unwrap();
    assert!(line.ends_with("info    ok\\u{7f}\\u{85}\\u{202e}\\u{61c}"), "{log}");
}

#[tokio::test]
async fn a_text_forges_no_entry_of_the_log() {
    let app = app().await;
    let forged = "2026-11-30T10:00:00.000Z error   forged";
    let path = repeat(&app, &format!("first\n{forged}\r\nprogress 1\rprogress 2"), false).await;
    let log = app.get(&format!("{path}log")).await.body;
    let entries: Vec<&str> = log.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(entries.len(), 2, "{log}");
    assert!(entries[1].ends_with("warning a warning"), "{log}");
    assert!(log.contains(&format!("first\n    {forged}\n    progress 2\n")), "{log}");
}

#[tokio::test]
async fn colours_of_a_log_line_reach_the_page_and_no_sequence_does() {
    let app = app().await;
    for fails in [false, true] {
        let path = repeat(&app, HOSTILE, fails).await;
        let page = app.get(&path).await.body;
        assert!(page.contains("<span class=\"op-ansi-green\">ok</span>"), "{page}");
        let log = page.split("class=\"op-log-line\"").nth(1).unwrap();
        assert!(log.starts_with(" data-level=\"info\""), "{log}");
        let (page, details) = page.split_once("liveops-details").unwrap();
        assert!(!details.contains(is_unsafe), "{details}");
        for sequence in ["\u{1b}", "\u{9b}", "[32m", "[2J"] {
            // liveops does not change the value of a result.
            let shown = page.matches(sequence).count();
            let of_result = if fails { 0 } else { HOSTILE.matches(sequence).count() };
            assert!(shown <= of_result, "{sequence:?}, {shown} times: {page}");
        }
        let json = app.ask("GET", &path).await.json();
        assert_eq!(json["status"], "ok\u{7f}\u{85}\u{202e}\u{61c}", "{json}");
    }
}
