//! A page with htmx 2, with htmx 4, with none, and with one that comes late.

use axum::routing::get;
use liveops::{LiveOperation, OperationId, OperationState, Progress, Run, RunResult, Viewer, web};
use maud::{DOCTYPE, html};
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Gate, TestApp},
    browser::Browser,
    htmx::{self, HTMX_4, Htmx},
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

/// Serves one page at `/` that shows an operation.
async fn serve(htmx: Htmx) -> Option<(WatchedApp, OperationId)> {
    let scripts = htmx::routes()?;
    let app = TestApp::with(|builder| builder.register::<Boosted>().config(htmx.config())).await;
    let id = app.liveops.enqueue(Boosted {}, "ann").await.unwrap();
    let liveops = app.liveops.clone();
    let page = async move || {
        let container = web::embed(&liveops, &Viewer::new("ann"), id).await.unwrap().unwrap();
        html! {
            (DOCTYPE)
            html lang="en" {
                head { (htmx.head()) (liveops.renderer().head()) }
                body { (container) }
            }
        }
    };
    let pages = scripts.route("/", get(page)).route("/more", get(async || "more of it"));
    Some((WatchedApp::serve(app, pages).await, id))
}

/// Watches, cancels, retries and watches to the end, and follows the region's link where there is
/// an htmx to do so.
async fn works_with(in_head: Htmx, htmx: Htmx) {
    let Some(browser) = Browser::open().await else { return };
    let Some((served, id)) = serve(in_head).await else { return };
    browser.goto(&served.proxy.url("/")).await;
    browser.wait_until(CONNECTED).await;
    if htmx != in_head {
        browser
            .evaluate(&format!(
                "(() => {{
                    const script = document.createElement('script');
                    script.src = '{HTMX_4}';
                    document.head.append(script);
                    return true;
                }})()"
            ))
            .await;
        browser.wait_until("window.htmx").await;
    }
    let loaded = format!("(window.htmx?.version ?? '').startsWith('{}')", htmx.version());
    assert_eq!(browser.evaluate(&loaded).await, true);
    assert_eq!(browser.evaluate("'htmx' in window").await, htmx != Htmx::None);

    browser.wait_until("document.querySelector('.op-status').innerText === 'in First'").await;
    browser.click(".op-cancel button").await;
    browser.wait_for(".liveop[data-liveop-state=CANCELLED]").await;
    browser.click(".op-retry button").await;
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
    works_with(Htmx::Two, Htmx::Two).await;
}

#[tokio::test]
async fn a_page_with_htmx_4_is_live() {
    works_with(Htmx::Four, Htmx::Four).await;
}

#[tokio::test]
async fn a_page_without_htmx_is_live() {
    works_with(Htmx::None, Htmx::None).await;
}

#[tokio::test]
async fn a_page_whose_htmx_comes_late_is_live() {
    works_with(Htmx::None, Htmx::Four).await;
}
