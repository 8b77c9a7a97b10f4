//! What the reader is doing in a region survives that the region is replaced.

use liveops::{LiveOperation, Progress, Run, RunResult, runner::Builder};
use maud::html;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{app::Gate, browser::Browser, watched::WatchedApp};

/// Replaces a form with itself and its number whenever the gate opens.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Questions {
    times: u32,
}

impl Run for Questions {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        for round in 0..self.times {
            if let Some(web) = p.web() {
                web.swap(
                    "questions",
                    html! {
                        p class="round" { "Round " (round) }
                        label { "Name " input name="name" value={ "nobody " (round) }; }
                        label { "Remark " textarea name="remark" rows="3" {} }
                        label { input type="checkbox" name="sure"; " Sure" }
                        label { "Untouched " input name="untouched" value={ "value " (round) }; }
                        button type="button" name="round" { "Round " (round) }
                    },
                );
            }
            p.state().pass().await;
        }
        Ok(())
    }
}

fn round(number: u32) -> String {
    format!("document.querySelector('.round')?.innerText === 'Round {number}'")
}

#[tokio::test]
async fn typing_goes_on_while_the_region_is_replaced() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::with(Builder::register::<Questions>).await;
    served.watch(&browser, Questions { times: 4 }).await;

    // Half a word, a swap, the other half: as if nothing had happened.
    browser.wait_until(&round(0)).await;
    browser.click("[name=sure]").await;
    browser.fill("[name=remark]", "one\ntwo\nthree\nfour\nfive\nsix").await;
    browser.evaluate("document.querySelector('[name=remark]').scrollTop = 20").await;
    browser.fill("[name=name]", "Gry").await;
    browser.evaluate("document.activeElement.setSelectionRange(2, 3, 'backward')").await;
    served.app.gate.open(1);
    browser.wait_until(&round(1)).await;

    let doing = "(({ name, value, selectionStart, selectionEnd, selectionDirection }) =>
        [name, value, selectionStart, selectionEnd, selectionDirection])(document.activeElement)";
    assert_eq!(browser.evaluate(doing).await, json!(["name", "Gry", 2, 3, "backward"]));
    let others = "['remark', 'sure', 'untouched'].map(name => document.getElementsByName(name)[0])
        .map(({ value, checked, scrollTop }) => [value, checked, scrollTop])";
    assert_eq!(
        browser.evaluate(others).await,
        json!([
            ["one\ntwo\nthree\nfour\nfive\nsix", null, 20],
            ["on", true, 0],
            ["value 1", false, 0]
        ]),
        "what was not touched is the server's to change"
    );
    browser.press("ace").await;
    assert_eq!(
        browser.evaluate("document.querySelector('[name=name]').value").await,
        "Grace",
        "what is typed next replaces the selection"
    );

    // The focus of a button survives as well, and the page does not jump to it.
    browser.evaluate("document.querySelector('button[name=round]').focus()").await;
    browser.evaluate("document.body.style.minHeight = '4000px'").await;
    browser.evaluate("scrollTo(0, 500)").await;
    served.app.gate.open(1);
    browser.wait_until(&round(2)).await;
    assert_eq!(browser.evaluate("document.activeElement.innerText").await, "Round 2");
    assert_eq!(browser.evaluate("scrollY").await, 500);
}
