//! Pages that change all the time, under the hands of their readers.

use std::time::Duration;

use fantoccini::{
    Locator,
    actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
};
use liveops::{
    LiveOperation, OperationId, Progress, Run, RunResult, runner::Builder, testing::Server,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{
    app::{Gate, TestApp},
    browser::Browser,
};

/// Changes a region ten times a second until it is cancelled.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Flicker;

impl Run for Flicker {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let mut beats = tokio::time::interval(Duration::from_millis(100));
        let Some(web) = p.web() else { return Ok(()) };
        for beat in 0_u64.. {
            beats.tick().await;
            p.check_cancelled()?;
            let busy = "x".repeat(usize::try_from(beat % 7)?);
            web.swap(
                "busy",
                maud::html! {
                    p { (busy) " beat " (beat) }
                    button type="button" onclick="clicks.button += 1" { "Press" }
                    a href=(format!("#{beat}")) onclick="clicks.link += 1; return false" { "Follow" }
                    details { summary { "Rows" } p class="rows" { (beat) " rows" } }
                    p class="code" { (busy) " Code A-17, " (beat) " s" }
                    input name="answer";
                    @if beat % 2 == 0 { h4 { "even" } }
                },
            );
        }
        Ok(())
    }
}

struct BusyPage {
    app: TestApp,
    id: OperationId,
    browser: Browser,
    _server: Server,
}

impl BusyPage {
    async fn open() -> Option<Self> {
        let browser = Browser::open().await?;
        browser.on_every_page("window.clicks = { button: 0, link: 0 }").await;
        let app = TestApp::with(Builder::register::<Flicker>).await;
        let server = Server::start(app.router.clone()).await;
        let id = app.liveops.enqueue(Flicker, "ann").await.unwrap();
        browser.goto(&server.url(&app.liveops.url(Flicker::OP_TYPE, id))).await;
        browser.wait_for(".rows").await;
        Some(Self { app, id, browser, _server: server })
    }

    /// Presses an element of the region as a hand does, for `held`.
    async fn press(&self, css: &str, held: Duration) {
        let client = self.browser.client();
        let element = client.find(Locator::Css(css)).await.unwrap();
        let press = MouseActions::new("mouse".into())
            .then(PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 })
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(PointerAction::Pause { duration: held })
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        client.perform_actions(press).await.unwrap();
    }

    /// Waits until the region has changed `count` times more.
    async fn beats(&self, count: u64) {
        let beat = "Number(document.querySelector('.rows').textContent.split(' ')[0])";
        let now = self.browser.evaluate(beat).await.as_u64().unwrap();
        self.browser.wait_until(&format!("{beat} >= {}", now + count)).await;
    }

    async fn end(self) {
        self.app.liveops.cancel(self.id).await.unwrap();
        self.app.ends(self.id).await;
    }
}

#[tokio::test]
async fn a_press_reaches_what_it_is_on_however_long_it_lasts() {
    let Some(page) = BusyPage::open().await else { return };
    for (held, presses) in [(40, 5), (90, 20), (150, 5), (400, 3)] {
        page.browser.evaluate("(clicks.button = clicks.link = 0, null)").await;
        for _ in 0..presses {
            page.press(".op-region button", Duration::from_millis(held)).await;
            page.press(".op-region a", Duration::from_millis(held)).await;
        }
        let clicks = page.browser.evaluate("clicks").await;
        assert_eq!(clicks, json!({ "button": presses, "link": presses }), "{held} ms");
    }
    page.end().await;
}

#[tokio::test]
async fn a_region_keeps_what_its_reader_has_opened_typed_and_selected() {
    let Some(page) = BusyPage::open().await else { return };
    page.browser.click(".op-region summary").await;
    page.browser.fill(".op-region input", "forty-two").await;
    let select = "(() => { const text = document.querySelector('.code').firstChild; \
        const at = text.data.indexOf('Code'); \
        getSelection().setBaseAndExtent(text, at, text, at + 9); })()";
    page.browser.evaluate(select).await;
    page.beats(15).await;
    let kept = "[document.querySelector('.op-region details').open, \
        document.querySelector('.op-region input').value, getSelection().toString()]";
    assert_eq!(page.browser.evaluate(kept).await, json!([true, "forty-two", "Code A-17"]));
    // The focus, and what is typed meanwhile.
    page.browser.click(".op-region input").await;
    page.browser.press("!").await;
    page.beats(3).await;
    let focused = "document.activeElement.value";
    assert_eq!(page.browser.evaluate(focused).await, Value::from("forty-two!"));
    page.end().await;
}
