//! A page with htmx 2, with htmx 4, with none, and with one that comes late.

use axum::{Router, http::header, routing::get};
use liveops::{
    LiveOperation, OperationId, OperationState, Progress, Run, RunResult, Viewer, runner::Builder,
    web,
};
use maud::{DOCTYPE, Markup, html};
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Gate, TestApp},
    browser::Browser,
    need::need,
    watched::{CONNECTED, WatchedApp},
};

/// Shows a link that htmx follows, in a region that is swapped whenever the gate opens.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("First", "Second")]
#[liveop(app = "test", state = Gate)]
struct Boosted {}

impl Run for Boosted {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let gate = p.state().clone();
        for stage in [BoostedStage::First, BoostedStage::Second] {
            p.stage(stage, async {
                p.status(format!("in {stage}"));
                if let Some(web) = p.web() {
                    web.swap(
                        "more",
                        html! {
                            button id="more" hx-get="/more" hx-target="#answer" { "More " (stage) }
                            span id="answer" {}
                        },
                    );
                }
                tokio::select! {
                    () = gate.pass() => Ok(()),
                    () = p.cancelled() => Ok(p.check_cancelled()?),
                }
            })
            .await?;
        }
        Ok(())
    }
}

/// Which htmx a page loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Htmx {
    Two,
    Four,
    None,
    Late,
}

/// Serves one page at `/` that shows an operation.
async fn serve(htmx: Htmx) -> Option<(WatchedApp, OperationId)> {
    let folder = need("npm packages", "LIVEOPS_TEST_NODE_MODULES")?;
    let four = std::fs::read_to_string(format!("{folder}/htmx-4/dist/htmx.min.js")).unwrap();
    let app = TestApp::with(Builder::register::<Boosted>).await;
    let id = app.liveops.enqueue(Boosted {}, "ann").await.unwrap();
    let liveops = app.liveops.clone();
    let page = move || async move {
        let container = web::embed(&liveops, &Viewer::new("ann"), id).await.unwrap().unwrap();
        page(htmx, &liveops.renderer().head(), &container)
    };
    let pages =
        Router::new().route("/", get(page)).route("/more", get(async || "more of it")).route(
            "/htmx-4.js",
            get(async move || ([(header::CONTENT_TYPE, "text/javascript")], four)),
        );
    Some((WatchedApp::serve(app, pages).await, id))
}

/// The head as it comes has htmx 2; a page may do without that line.
fn page(htmx: Htmx, head: &Markup, container: &Markup) -> Markup {
    let (before, from_htmx) = head.0.split_once("<script").unwrap();
    let (htmx_2, liveops) = from_htmx.split_at(from_htmx.find("<script").unwrap());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (maud::PreEscaped(before))
                @match htmx {
                    Htmx::Two => (maud::PreEscaped(format!("<script{htmx_2}"))),
                    Htmx::Four => script defer src="/htmx-4.js" {},
                    Htmx::None | Htmx::Late => {},
                }
                (maud::PreEscaped(liveops))
            }
            body { (container) }
        }
    }
}

/// Watches, cancels, retries and watches to the end, and follows the region's link where there is
/// an htmx to do so.
async fn works_with(htmx: Htmx) {
    let Some(browser) = Browser::open().await else { return };
    let Some((served, id)) = serve(htmx).await else { return };
    browser.goto(&served.proxy.url("/")).await;
    browser.wait_until(CONNECTED).await;
    if htmx == Htmx::Late {
        browser
            .evaluate(
                "(() => {
                    const script = document.createElement('script');
                    script.src = '/htmx-4.js';
                    document.head.append(script);
                    return true;
                })()",
            )
            .await;
        browser.wait_until("window.htmx").await;
    }
    let version = match htmx {
        Htmx::Two => "2.",
        Htmx::Four | Htmx::Late => "4.",
        Htmx::None => "",
    };
    let loaded = format!("(window.htmx?.version ?? '').startsWith('{version}')");
    assert_eq!(browser.evaluate(&loaded).await, true);
    assert_eq!(browser.evaluate("'htmx' in window").await, htmx != Htmx::None);

    browser.wait_until("document.querySelector('.op-status').innerText === 'in First'").await;
    browser.click(".op-cancel button").await;
    browser.wait_for(".liveop[data-liveop-state=CANCELLED]").await;
    browser.click(".op-restart button").await;
    browser.wait_for(".liveop[data-liveop-state=STARTED]").await;
    served.app.gate.open(1);
    browser.wait_until("document.querySelector('#more')?.innerText === 'More Second'").await;
    if htmx != Htmx::None {
        browser.click("#more").await;
        browser.wait_until("document.querySelector('#answer').innerText === 'more of it'").await;
    }
    served.app.gate.open(1);
    served.app.reaches(id, OperationState::FinishedOk).await;
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    assert_eq!(browser.console_errors().await, [""; 0]);
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn a_page_with_htmx_2_is_live() {
    works_with(Htmx::Two).await;
}

#[tokio::test]
async fn a_page_with_htmx_4_is_live() {
    works_with(Htmx::Four).await;
}

#[tokio::test]
async fn a_page_without_htmx_is_live() {
    works_with(Htmx::None).await;
}

#[tokio::test]
async fn a_page_whose_htmx_comes_late_is_live() {
    works_with(Htmx::Late).await;
}
