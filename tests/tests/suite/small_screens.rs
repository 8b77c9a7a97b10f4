//! Phones, and windows that are zoomed: no sideways scrolling, nothing cut off, all in reach.

use liveops::{LiveOperation, Progress, Run, RunResult, runner::Builder};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{
    app::{Gate, Steps},
    browser::Browser,
    demo::{ServedDemo, screenshot},
    watched::WatchedApp,
};

/// Has words in it that are longer than a phone is wide.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages(
    "Straßenverkehrsordnungswidrigkeiten laden",
    "Prüfen",
    "Rechtsschutzversicherungsgesellschaften"
)]
#[liveop(app = "test", title = "Donaudampfschifffahrtsgesellschaftskapitänsmützenimport", state = Gate)]
struct LongWords {}

#[derive(Serialize, Deserialize)]
struct LongResult {
    bezirksschornsteinfegermeister: String,
    digest: String,
}

impl Run for LongWords {
    type Output = LongResult;

    async fn run(&self, p: Progress<Self>) -> RunResult<LongResult> {
        let long = "0123456789abcdef".repeat(12);
        p.stage(LongWordsStage::StraßenverkehrsordnungswidrigkeitenLaden, async {
            p.status(format!("Reading {long}"));
            p.log_warn(format!("A line with {long}"));
            p.set(1_234_567, 98_765_432);
            p.state().pass().await;
            Ok(())
        })
        .await?;
        Ok(LongResult { bezirksschornsteinfegermeister: long.clone(), digest: long })
    }
}

/// What is wrong with how the page fits: it scrolls sideways, something is out of view that cannot
/// be scrolled to by itself or is cut off, or a control is not where a finger could reach it.
const MISFITS: &str = "(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const misfits = scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide`] : [];
    const isClipped = element => getComputedStyle(element).clipPath === 'inset(50%)';
    const isHidden = element =>
        isClipped(element) || (element.parentElement && isHidden(element.parentElement));
    const name = element => `${element.localName}.${element.className} ${element.innerText}`;
    for (const element of document.querySelectorAll('body *')) {
        const { left, right, width } = element.getBoundingClientRect();
        if (width === 0 || isHidden(element)) continue;
        if (left < -0.5 || right > clientWidth + 0.5) misfits.push('out of view: ' + name(element));
        const cutsOff = getComputedStyle(element).overflowX !== 'visible';
        if (cutsOff && element.scrollWidth > element.clientWidth + 1) {
            misfits.push('cut off: ' + name(element));
        }
    }
    for (const control of document.querySelectorAll('a, button, input, select, summary')) {
        if (!control.checkVisibility() || isHidden(control)) continue;
        control.scrollIntoView({ block: 'center' });
        const [{ left, top, width, height }] = control.getClientRects();
        const there = document.elementFromPoint(left + width / 2, top + height / 2);
        if (!control.contains(there)) misfits.push('out of reach: ' + name(control));
    }
    scrollTo(0, 0);
    return misfits;
})()";

/// How wide a phone is, or a window of twice the pixels at a zoom of 200 %; and half a screen.
const WIDTHS: [u32; 2] = [320, 640];

async fn misfits(browser: &Browser, page: &str) -> Vec<String> {
    let mut misfits = Vec::new();
    for width in WIDTHS {
        browser.screen(width, 700, 2).await;
        for direction in ["ltr", "rtl"] {
            let turn = format!("document.documentElement.dir = '{direction}'");
            browser.evaluate(&turn).await;
            let found = browser.evaluate(MISFITS).await;
            let found = found.as_array().unwrap().iter();
            misfits.extend(found.map(|misfit| format!("{page}, {width}, {direction}: {misfit}")));
            screenshot(browser, &format!("{page}-{width}-{direction}")).await;
        }
    }
    misfits
}

#[tokio::test]
async fn an_operation_fits_with_the_longest_words() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::with(Builder::register::<LongWords>).await;
    served.watch(&browser, LongWords {}).await;
    browser.wait_for("[data-level=warning]").await;
    let mut found = misfits(&browser, "long-running").await;
    served.app.gate.open(1);
    browser.wait_for(".op-result table").await;
    found.extend(misfits(&browser, "long-finished").await);

    browser.goto(&served.proxy.url("/live/")).await;
    browser.wait_for("#liveops-list table").await;
    served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    browser.wait_for("#liveops-list progress").await;
    found.extend(misfits(&browser, "long-list").await);
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn the_pages_of_the_demo_fit() {
    let Some(browser) = Browser::open().await else { return };
    let demo = ServedDemo::start().await;
    browser.goto(&demo.server.url("/login")).await;
    let mut found = misfits(&browser, "login").await;
    demo.sign_in(&browser, "admin").await;
    found.extend(misfits(&browser, "start").await);
    browser.goto(&demo.server.url("/live/demo.score_import/")).await;
    browser.evaluate("document.querySelector('.liveops-form').noValidate = true").await;
    browser.click(".liveops-form button").await;
    browser.wait_for(".liveops-mistakes").await;
    found.extend(misfits(&browser, "form-with-mistakes").await);
    let task: demo::operations::DemoImport =
        serde_json::from_value(json!({ "pace_ms": 1_000 })).unwrap();
    let id = demo.demo.liveops().enqueue(task, "ann").await.unwrap();
    let path = demo.demo.liveops().url(demo::operations::DemoImport::OP_TYPE, id);
    browser.goto(&demo.server.url(&path)).await;
    browser.wait_for("[data-state=active]").await;
    found.extend(misfits(&browser, "demo-running").await);
    browser.click(".liveops-staff > summary").await;
    browser.wait_for(".liveops-staff pre").await;
    found.extend(misfits(&browser, "staff-section").await);
    // What runs refuses to be restarted.
    demo.demo.liveops().enqueue(demo::operations::EndlessTask {}, "ann").await.unwrap();
    browser.goto(&demo.server.url("/live/")).await;
    browser.wait_for("#liveops-list table").await;
    found.extend(misfits(&browser, "everybodys-list").await);
    browser.click("#liveops-tick-all").await;
    browser.click("button[value=retry]").await;
    browser.wait_for(".liveops-outcome li").await;
    found.extend(misfits(&browser, "bulk-outcome").await);
    assert!(found.is_empty(), "{found:#?}");
}
