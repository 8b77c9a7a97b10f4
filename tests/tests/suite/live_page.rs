//! What people see in their browser: the live page never reloads, and never lies.

use axum::{Router, routing::get};
use demo::operations::{ChainStart, EndlessTask, RedirectingTask};
use liveops::{Run, Viewer, testing::Server, web};
use maud::{DOCTYPE, html};
use serde_json::{Value, json};

use crate::support::{
    app::{Steps, TestApp},
    browser::Browser,
    demo::{ServedDemo, picture},
    watched::{CONNECTED, WatchedApp},
};

/// Writes down every active stage and every place of the bar that the page shows from now on.
const WITNESS: &str = r"(() => {
    const seen = window.seen = { stages: [], bars: [] };
    const note = (list, value) => { if (value && list.at(-1) !== value) list.push(value); };
    const look = () => {
        note(seen.stages, document.querySelector('[data-state=active] .op-stage-name')?.textContent);
        note(seen.bars, document.querySelector('.op-progress progress')?.value);
    };
    new MutationObserver(look).observe(document.body,
        { subtree: true, childList: true, attributes: true, characterData: true });
    look();
    return true;
})()";

/// The form of the card with this title.
fn card(title: &str) -> String {
    format!("form[action$='{title}/']")
}

async fn seen(browser: &Browser, list: &str) -> Vec<Value> {
    browser.evaluate(&format!("window.seen.{list}")).await.as_array().unwrap().clone()
}

#[tokio::test]
async fn an_upload_is_watched_to_its_result_without_a_navigation() {
    let Some(browser) = Browser::open().await else { return };
    // It waits behind another one until its page is there, however long that takes.
    let demo = ServedDemo::with(|settings| settings.liveops.concurrency_max = 1).await;
    let liveops = demo.demo.liveops();
    let before = liveops.enqueue(EndlessTask {}, "ann").await.unwrap();
    demo.sign_in(&browser, "ann").await;
    browser.upload("input[type=file]", &demo.scores(10_000)).await;
    browser.fill(&format!("{} [name=pace_ms]", card("demo.score_import")), "250").await;
    browser.click(&format!("{} button", card("demo.score_import"))).await;

    // From here on the page is there, and stays.
    browser.wait_for(".liveop").await;
    let url = browser.evaluate("location.href").await;
    browser.goto(url.as_str().unwrap()).await;
    browser.wait_until(CONNECTED).await;
    browser.evaluate(WITNESS).await;
    liveops.cancel(before).await.unwrap();
    browser.wait_until("window.seen.bars.length > 3").await;
    browser.wait_for(".op-log-line[data-level=warning]").await;
    picture(&browser, "running").await;
    browser.wait_for(".op-result table").await;
    picture(&browser, "finished").await;

    assert_eq!(browser.navigation_count().await, 0);
    assert_eq!(browser.console_errors().await, [""; 0]);
    let stages = seen(&browser, "stages").await;
    assert!(stages.iter().any(|stage| stage == "Process"), "{stages:?}");
    let bars: Vec<f64> =
        seen(&browser, "bars").await.iter().map(|bar| bar.as_f64().unwrap()).collect();
    assert!(bars.is_sorted() || bars.last() == Some(&100.0), "{bars:?}");

    let result = browser.text(".op-result").await;
    for shown in ["10,000", "9,000", "1,000", "MATH101", "MATH102", "MATH103"] {
        assert!(result.contains(shown), "{shown} is missing in {result}");
    }
    let log = browser.text(".op-log").await;
    assert!(log.contains("Line 11:"), "the first wrong row is named with its line: {log}");
    browser.wait_until("document.querySelectorAll('[data-state=done]').length === 3").await;
}

#[tokio::test]
async fn stages_advance_in_order_before_the_eyes_of_the_user() {
    let Some(browser) = Browser::open().await else { return };
    let watched = WatchedApp::start().await;
    watched.watch(&browser, Steps {}).await;
    browser.wait_until("document.querySelector('.op-status').innerText === 'in Load'").await;
    browser.evaluate(WITNESS).await;
    for stage in ["Process", "Save"] {
        watched.app.gate.open(1);
        browser
            .wait_until(&format!("document.querySelector('.op-status').innerText === 'in {stage}'"))
            .await;
    }
    watched.app.gate.open(1);
    browser.wait_until("document.querySelectorAll('[data-state=done]').length === 3").await;
    assert_eq!(seen(&browser, "stages").await, ["Load", "Process", "Save"]);
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn an_import_shows_what_it_finds_in_a_region_of_its_own() {
    let Some(browser) = Browser::open().await else { return };
    let demo = ServedDemo::start().await;
    demo.sign_in(&browser, "ann").await;
    browser.fill(&format!("{} [name=pace_ms]", card("demo.demo_import")), "40").await;
    browser.click(&format!("{} button", card("demo.demo_import"))).await;
    browser.wait_until("document.querySelectorAll('[data-state=done]').length === 5").await;
    let found = browser.text(".op-region").await;
    assert!(found.contains("12. Lantern"), "{found}");
}

#[tokio::test]
async fn a_reload_in_the_middle_shows_where_the_run_is() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::start().await;
    let id = served.watch(&browser, Steps {}).await;
    served.app.gate.open(1);
    browser.wait_until("document.querySelector('.op-status').innerText === 'in Process'").await;

    // Without scripts the page shows what the server knows.
    let page = reqwest::get(served.page_of::<Steps>(id)).await.unwrap().text().await.unwrap();
    for shown in [
        "data-state=\"active\"",
        "<progress max=\"100\" value=\"50\"",
        "in Process",
        "entered Process",
        "<span>Load</span><span>Process</span>",
    ] {
        assert!(page.contains(shown), "{shown} is missing in {page}");
    }
    browser.goto(&served.page_of::<Steps>(id)).await;
    assert_eq!(browser.text(".op-status").await, "in Process");
    assert_eq!(browser.text("[data-state=active] .op-stage-name").await, "Process");
    assert_eq!(browser.evaluate("document.querySelector('.op-progress progress').value").await, 50);
    assert_eq!(browser.text(".op-region").await, "LoadProcess");
    let log = browser.text(".op-log").await;
    assert!(log.contains("entered Load") && log.contains("entered Process"), "{log}");
    browser.wait_until(CONNECTED).await;
    served.app.gate.open(2);
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
}

#[tokio::test]
async fn a_second_tab_shows_the_same() {
    let Some(browser) = Browser::open().await else { return };
    let demo = ServedDemo::start().await;
    demo.sign_in(&browser, "ann").await;
    browser.fill(&format!("{} [name=pace_ms]", card("demo.demo_import")), "60").await;
    browser.click(&format!("{} button", card("demo.demo_import"))).await;
    browser.wait_for(".liveop").await;
    let url = browser.evaluate("location.href").await;
    let first = browser.tab().await;
    let second = browser.new_tab().await;
    browser.goto(url.as_str().unwrap()).await;

    let mut shown = Vec::new();
    for tab in [second, first] {
        browser.switch_tab(tab).await;
        browser.wait_until("document.querySelectorAll('[data-state=done]').length === 5").await;
        browser.wait_for(".op-result table").await;
        let mut texts = Vec::new();
        for region in
            [".op-stages", ".op-status", ".op-progress", ".op-region", ".op-result", ".op-log"]
        {
            texts.push(browser.text(region).await);
        }
        shown.push(texts);
    }
    assert_eq!(shown[0], shown[1]);
}

#[tokio::test]
async fn a_finished_operation_shows_its_result_when_it_is_opened_later() {
    let Some(browser) = Browser::open().await else { return };
    let demo = ServedDemo::start().await;
    demo.sign_in(&browser, "ann").await;
    browser.click(&format!("{} button", card("demo.quick_task"))).await;
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    let url = browser.evaluate("location.href").await;
    let result = browser.text(".op-result").await;
    browser.goto(&demo.server.url("/live/")).await;
    browser.wait_for(".liveops-badge[data-state=FINISHED_OK]").await;
    picture(&browser, "list").await;
    browser.goto(url.as_str().unwrap()).await;
    assert_eq!(browser.text(".op-result").await, result);
    assert_eq!(browser.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn cancel_ends_what_would_never_end() {
    let Some(browser) = Browser::open().await else { return };
    let demo = ServedDemo::start().await;
    demo.sign_in(&browser, "ann").await;
    browser.click(&format!("{} button", card("demo.endless_task"))).await;
    browser.wait_for(".op-cancel button").await;
    let url = browser.evaluate("location.href").await;
    browser.goto(url.as_str().unwrap()).await;
    browser.click(".op-cancel button").await;
    browser.wait_for(".liveop[data-liveop-state=CANCELLED]").await;
    browser.wait_for(".op-retry button").await;
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn retry_runs_a_failed_operation_again() {
    let Some(browser) = Browser::open().await else { return };
    let demo = ServedDemo::start().await;
    demo.sign_in(&browser, "ann").await;
    browser.click(&format!("{} button", card("demo.failing_task"))).await;
    browser.wait_for(".liveop[data-liveop-state=FINISHED_ERROR]").await;
    browser.wait_for(".op-error").await;
    picture(&browser, "failed").await;
    let url = browser.evaluate("location.href").await;
    browser.goto(url.as_str().unwrap()).await;
    browser
        .evaluate(
            "(() => { window.ended = 0; \
        document.addEventListener('liveop:finished', () => window.ended++); return true; })()",
        )
        .await;
    browser.click(".op-retry button").await;
    browser.wait_until("window.ended === 1").await;
    browser.wait_for(".liveop[data-liveop-state=FINISHED_ERROR] .op-retry button").await;
    assert_eq!(browser.navigation_count().await, 0);
    let cursor = browser.evaluate("document.querySelector('.liveop').dataset.liveopCursor").await;
    assert!(cursor.as_str().unwrap().starts_with("2."), "it is the second run: {cursor}");
}

/// Starts an operation when its page is open and connected, however long that takes: until then it
/// waits behind another one.
async fn watch_from_the_start<Op: Run>(browser: &Browser, operation: Op) -> ServedDemo {
    let demo = ServedDemo::with(|settings| settings.liveops.concurrency_max = 1).await;
    demo.sign_in(browser, "ann").await;
    let liveops = demo.demo.liveops();
    let before = liveops.enqueue(EndlessTask {}, "ann").await.unwrap();
    let id = liveops.enqueue(operation, "ann").await.unwrap();
    browser.goto(&demo.server.url(&liveops.url(Op::OP_TYPE, id))).await;
    browser.wait_until(CONNECTED).await;
    liveops.cancel(before).await.unwrap();
    demo
}

#[tokio::test]
async fn a_chain_moves_the_page_over_in_place() {
    let Some(browser) = Browser::open().await else { return };
    let chain: ChainStart = serde_json::from_value(json!({ "pace_ms": 0 })).unwrap();
    let _demo = watch_from_the_start(&browser, chain).await;
    const LAST: &str = ".liveop:last-of-type[data-liveop-state=FINISHED_OK]";
    browser.wait_until("document.querySelectorAll('.liveop').length === 2").await;
    browser.wait_for(LAST).await;
    let titles = "[...document.querySelectorAll('.op-title')].map(title => title.innerText)";
    let expected = json!(["Chain: first half", "Chain: second half"]);
    assert_eq!(browser.evaluate(titles).await, expected);
    // The result of the first one is folded, and still there.
    let folded = ".liveop:first-of-type > .op-folded:not([open])";
    browser.wait_for(folded).await;
    browser.click(&format!("{folded} > summary")).await;
    let result = browser.text(".liveop:first-of-type .op-result").await;
    assert!(result.contains("Handed over: a note from the first half"), "{result}");
    // The first one can be reached, and its Retry is on its own page.
    let hidden = "document.querySelector('.liveop .op-controls form')?.checkVisibility() ?? false";
    assert_eq!(browser.evaluate(hidden).await, json!(false));
    let previous = browser.evaluate("document.querySelector('.op-previous a').pathname").await;
    assert!(previous.as_str().unwrap().starts_with("/live/demo.chain_start/"), "{previous}");
    // The page of the second one.
    let path = browser.evaluate("location.pathname").await;
    assert!(path.as_str().unwrap().starts_with("/live/demo.chain_end/"), "{path}");
    let title = browser.evaluate("document.title").await;
    assert!(title.as_str().unwrap().contains("Chain: second half"), "{title}");
    assert!(!title.as_str().unwrap().contains("Chain: first"), "{title}");
    assert_eq!(browser.navigation_count().await, 0);
    browser.click(".op-sections summary").await;
    browser
        .wait_until("document.querySelector('.op-sections').innerText.includes('Created')")
        .await;

    browser.evaluate("location.reload()").await;
    browser.wait_until("document.querySelectorAll('.liveop').length === 1").await;
    browser.wait_for(LAST).await;
    assert_eq!(browser.evaluate(titles).await, json!(["Chain: second half"]));
    assert_eq!(browser.evaluate("document.title").await, title);
    browser.click(".op-previous a").await;
    browser.wait_until("location.pathname.startsWith('/live/demo.chain_start/')").await;
    browser.click(".op-next a").await;
    browser.wait_until("location.pathname.startsWith('/live/demo.chain_end/')").await;
}

#[tokio::test]
async fn a_redirect_takes_the_page_along_when_the_work_is_done() {
    let Some(browser) = Browser::open().await else { return };
    let task: RedirectingTask = serde_json::from_value(json!({ "pace_ms": 0 })).unwrap();
    let _demo = watch_from_the_start(&browser, task).await;
    browser.wait_until("location.pathname === '/thanks'").await;
}

#[tokio::test]
async fn a_list_keeps_itself_up_to_date() {
    let Some(browser) = Browser::open().await else { return };
    let demo = ServedDemo::start().await;
    demo.sign_in(&browser, "ann").await;
    browser.goto(&demo.server.url("/live/")).await;
    browser.wait_for(".liveops-empty").await;
    let task = demo::operations::QuickTask {};
    demo.demo.liveops().enqueue(task, "ann").await.unwrap();
    browser.wait_for("#liveops-list .liveops-badge[data-state=FINISHED_OK]").await;
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn two_operations_on_one_page_do_not_disturb_each_other() {
    let Some(browser) = Browser::open().await else { return };
    let app = TestApp::spawn().await;
    let (one, two) = (
        app.liveops.enqueue(Steps {}, "ann").await.unwrap(),
        app.liveops.enqueue(Steps {}, "ann").await.unwrap(),
    );
    let liveops = app.liveops.clone();
    let both = move || async move {
        let viewer = Viewer::new("ann");
        let one = web::embed(&liveops, &viewer, one).await.unwrap();
        let two = web::embed(&liveops, &viewer, two).await.unwrap();
        html! { (DOCTYPE) head { link rel="icon" href="data:,"; (liveops.renderer().head()) } body { (one.unwrap()) (two.unwrap()) } }
    };
    let router = Router::new().route("/", get(both)).merge(app.router.clone());
    let server = Server::start(router).await;
    browser.goto(&server.url("/")).await;
    let shown = |id, text: &str| {
        format!("document.getElementById('op-status-{id}').innerText === '{text}'")
    };
    browser.wait_until(&shown(one, "in Load")).await;
    browser.wait_until(&shown(two, "in Load")).await;

    app.liveops.cancel(one).await.unwrap();
    browser.wait_for(&format!("[id='op-{one}'][data-liveop-state=CANCELLED]")).await;
    app.gate.open(2);
    browser.wait_until(&shown(two, "in Save")).await;
    app.gate.open(1);
    browser.wait_for(&format!("[id='op-{two}'][data-liveop-state=FINISHED_OK]")).await;
    for (id, stages) in [(one, ["cancelled", "pending", "pending"]), (two, ["done"; 3])] {
        let states = browser
            .evaluate(&format!(
                "[...document.querySelectorAll('#op-stages-{id} .op-stage')].map(s => s.dataset.state)"
            ))
            .await;
        assert_eq!(states, serde_json::json!(stages), "{id}");
    }
    let sockets = browser
        .evaluate(
            "performance.getEntriesByType('resource').filter(e => e.name.endsWith('/ws')).length",
        )
        .await;
    assert!(sockets.as_u64().unwrap() <= 1, "they share a socket: {sockets}");
    assert_eq!(browser.console_errors().await, [""; 0]);
}
