//! A log of ten thousand lines: the page keeps the newest, and stays usable.

use std::time::Duration;

use liveops::{LiveOperation, OperationState, Progress, Run, RunResult, runner::Builder};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{
    app::Gate,
    browser::Browser,
    watched::{SHOWS_THE_TRUTH, WatchedApp},
};

/// Writes so many lines each time the gate opens, and ends when it opened so often.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct LongLog {
    lines: u32,
    times: u32,
}

impl Run for LongLog {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        for time in 0..self.times {
            p.state().pass().await;
            for line in 1..=self.lines {
                p.log(format!("line {}", time * self.lines + line));
            }
        }
        p.state().pass().await;
        Ok(())
    }
}

/// Writes far more than anybody can read, until it is cancelled.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct FloodOfLines {}

impl Run for FloodOfLines {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        let mut line = 0;
        loop {
            p.check_cancelled()?;
            for _ in 0..20 {
                line += 1;
                p.log(format!("line {line}"));
            }
            pace.tick().await;
        }
    }
}

const LAST_LINE: &str = "document.querySelector('.op-log').lastElementChild.innerText";

fn last_line_is(line: u32) -> String {
    format!("{LAST_LINE}.endsWith(' line {line}')")
}

/// How far the log is scrolled away from its end.
const FROM_BOTTOM: &str = "(({ scrollHeight, scrollTop, clientHeight }) =>
    scrollHeight - scrollTop - clientHeight)(document.querySelector('.op-log'))";

#[tokio::test]
async fn ten_thousand_lines_end_as_the_newest_thousand() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::with(Builder::register::<LongLog>).await;
    let id = served.watch(&browser, LongLog { lines: 500, times: 20 }).await;

    // The most lines there ever were.
    browser
        .evaluate(
            "(() => {
                const seen = window.seen = { lines: 0 };
                new MutationObserver(() => {
                    const lines = document.querySelectorAll('.op-log-line').length;
                    seen.lines = Math.max(seen.lines, lines);
                }).observe(document.querySelector('.liveop'), { childList: true, subtree: true });
                return true;
            })()",
        )
        .await;
    for lines in (500..=10_000).step_by(500) {
        served.app.gate.open(1);
        browser.wait_until(&last_line_is(lines)).await;
    }
    browser.wait_until(SHOWS_THE_TRUTH).await;
    let shown = "document.querySelectorAll('.op-log-line').length";
    assert_eq!(browser.evaluate(shown).await, 1_000);
    assert_eq!(browser.evaluate("seen.lines").await, 1_000);
    let first =
        "document.querySelector('.op-log').firstElementChild.innerText.endsWith(' line 9001')";
    assert_eq!(browser.evaluate(first).await, true);

    // What the page dropped is a link away.
    served.app.gate.open(1);
    served.app.reaches(id, OperationState::FinishedOk).await;
    browser.click(".op-log-link").await;
    browser.wait_until("location.pathname.endsWith('/log')").await;
    browser.wait_until("document.body.innerText.includes(' line 10000\\n')").await;
    assert_eq!(browser.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn the_log_follows_its_end_unless_the_reader_looks_at_something_else() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::with(Builder::register::<LongLog>).await;
    served.watch(&browser, LongLog { lines: 400, times: 4 }).await;
    served.app.gate.open(1);
    browser.wait_until(&last_line_is(400)).await;
    browser.wait_until(&format!("{FROM_BOTTOM} <= 1")).await;

    // The reader looks at a line: it stays where it is, also when lines above it go.
    let line_at_top = "(() => {
        const log = document.querySelector('.op-log');
        const { left, top } = log.getBoundingClientRect();
        const line = document.elementFromPoint(left + 60, top + 20).closest('.op-log-line');
        const number = line.innerText.split(' ').at(-1);
        // Half a pixel is what a browser may round.
        return [number, Math.round(line.getBoundingClientRect().top - top)];
    })()";
    browser.evaluate("document.querySelector('.op-log').scrollTo(0, 6000)").await;
    let before = browser.evaluate(line_at_top).await;
    for lines in [800, 1_200] {
        served.app.gate.open(1);
        browser.wait_until(&last_line_is(lines)).await;
    }
    assert_eq!(browser.evaluate(line_at_top).await, before);
    // No line is dropped while the reader looks.
    assert_eq!(browser.evaluate("document.querySelectorAll('.op-log-line').length").await, 1_200);
    assert_eq!(browser.text(".op-log-new").await, "New lines: 800");

    // Back at the end, it follows again, and keeps its newest lines.
    browser.evaluate("document.querySelector('.op-log').scrollTo(0, 1e9)").await;
    served.app.gate.open(1);
    browser.wait_until(&last_line_is(1_600)).await;
    browser.wait_until(&format!("{FROM_BOTTOM} <= 1")).await;
    assert_eq!(browser.evaluate("document.querySelectorAll('.op-log-line').length").await, 1_000);
    assert_eq!(browser.evaluate("document.querySelector('.op-log-new')").await, Value::Null);
}

#[tokio::test]
async fn a_page_flooded_with_lines_still_takes_a_click() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::with(Builder::register::<FloodOfLines>).await;
    served.watch(&browser, FloodOfLines {}).await;
    browser.wait_until(&format!("Number({LAST_LINE}.split(' ').at(-1)) > 2000")).await;
    browser.click(".op-cancel button").await;
    browser.wait_for(".liveop[data-liveop-state=CANCELLED]").await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.evaluate("document.querySelectorAll('.op-log-line').length").await, 1_000);
}
