//! What axe-core finds on the pages: nothing, in every state, scheme and direction.

use std::fs;

use liveops::{Config, LiveOperation, OperationId, OperationState, Run};
use serde_json::json;

use crate::support::{
    app::{ChainStart, Ending, Greeting, How, Steps},
    browser::Browser,
    demo::{ServedDemo, screenshot},
    need::need,
    watched::WatchedApp,
};

/// Looks at the page with every rule there is, and names what it finds.
const LOOK: &str = "
    const done = arguments[arguments.length - 1];
    const rules = Object.fromEntries(axe.getRules().map(rule => [rule.ruleId, { enabled: true }]));
    axe.run(document, { rules, resultTypes: ['violations'] }).then(
        ({ violations }) => done(violations.flatMap(({ id, help, nodes }) =>
            nodes.map(({ html, failureSummary }) => [id, help, html, failureSummary].join(' | ')))),
        error => done([String(error)]));";

/// Nothing glides from one colour to the next, which would be seen half-way.
const AT_REST: &str = "document.getAnimations().every(({ playState, effect }) =>
    playState !== 'running' || effect.getTiming().iterations === Infinity)";

/// Looks at pages.
struct Critic<'a> {
    browser: &'a Browser,
    axe: String,
}

impl<'a> Critic<'a> {
    fn of(browser: &'a Browser) -> Option<Self> {
        let folder = need("npm packages", "LIVEOPS_TEST_NODE_MODULES")?;
        let axe = fs::read_to_string(format!("{folder}/axe-core/axe.min.js")).unwrap();
        Some(Self { browser, axe })
    }

    /// What is wrong with the page that is open, in light and dark, from left to right and back.
    async fn objections(&self, page: &str) -> Vec<String> {
        let client = self.browser.client();
        client.execute(&self.axe, Vec::new()).await.unwrap();
        let mut objections = Vec::new();
        // Colours and directions have nothing to do with each other, so two looks see everything.
        for (scheme, direction) in [("light", "ltr"), ("dark", "rtl")] {
            let turn = format!("document.documentElement.dir = '{direction}'");
            self.browser.evaluate(&turn).await;
            self.browser.color_scheme(scheme).await;
            self.browser.wait_until(AT_REST).await;
            let found = client.execute_async(LOOK, Vec::new()).await.unwrap();
            let found = found.as_array().unwrap().iter();
            objections.extend(found.map(|text| format!("{page}, {scheme}, {direction}: {text}")));
            screenshot(self.browser, &format!("{page}-{scheme}-{direction}")).await;
        }
        objections
    }
}

async fn operation<Op: Run>(served: &WatchedApp, operation: Op) -> OperationId {
    served.app.liveops.enqueue(operation, "ann").await.unwrap()
}

#[tokio::test]
async fn the_page_of_an_operation_has_no_violation_in_any_state() {
    let Some(browser) = Browser::open().await else { return };
    let Some(critic) = Critic::of(&browser) else { return };
    let mut config = Config::default();
    config.concurrency_max = 1;
    let served = WatchedApp::with(|builder| builder.config(config)).await;

    let finished = operation(&served, Greeting { name: "Ann".into() }).await;
    let table = operation(&served, Ending { how: How::Markup }).await;
    let failed = operation(&served, Ending { how: How::UserError }).await;
    let chained = operation(&served, ChainStart { name: "Ann".into() }).await;
    served.app.gate.open(1);
    let cancelled = operation(&served, Steps {}).await;
    served.reports::<Steps>(cancelled, "in Load").await;
    served.app.liveops.cancel(cancelled).await.unwrap();
    served.app.ends(cancelled).await;
    let running = operation(&served, Steps {}).await;
    served.reports::<Steps>(running, "in Load").await;
    let waiting = operation(&served, Steps {}).await;

    let mut objections = Vec::new();
    for (name, url, state) in [
        ("waiting", served.page_of::<Steps>(waiting), OperationState::NotStarted),
        ("running", served.page_of::<Steps>(running), OperationState::Started),
        ("finished", served.page_of::<Greeting>(finished), OperationState::FinishedOk),
        ("table", served.page_of::<Ending>(table), OperationState::FinishedOk),
        ("failed", served.page_of::<Ending>(failed), OperationState::FinishedError),
        ("cancelled", served.page_of::<Steps>(cancelled), OperationState::Cancelled),
        ("chained", served.page_of::<ChainStart>(chained), OperationState::FinishedOk),
    ] {
        browser.goto(&url).await;
        browser.wait_for(&format!(".liveop[data-liveop-state={state}]")).await;
        browser.wait_until("document.querySelector('.op-connection').dataset.connection").await;
        objections.extend(critic.objections(name).await);
    }
    assert!(objections.is_empty(), "{objections:#?}");
}

#[tokio::test]
async fn lists_have_no_violation() {
    let Some(browser) = Browser::open().await else { return };
    let Some(critic) = Critic::of(&browser) else { return };
    let served = WatchedApp::start().await;
    let mut objections = Vec::new();
    browser.goto(&served.proxy.url("/live/")).await;
    browser.wait_for(".liveops-empty").await;
    objections.extend(critic.objections("empty-list").await);

    for how in [How::UserError, How::Markup] {
        operation(&served, Ending { how }).await;
    }
    let cancelled = operation(&served, Steps {}).await;
    served.app.liveops.cancel(cancelled).await.unwrap();
    served.app.ends(cancelled).await;
    let running = operation(&served, Steps {}).await;
    served.reports::<Steps>(running, "in Load").await;
    for _ in 0..50 {
        let done = operation(&served, Greeting { name: "Ann".into() }).await;
        served.app.ends(done).await;
    }
    browser.goto(&served.proxy.url("/live/")).await;
    browser.wait_for(".liveops-pager a").await;
    objections.extend(critic.objections("list").await);
    browser.click(".liveops-pager a").await;
    browser.wait_for(".liveops-badge[data-state=CANCELLED]").await;
    objections.extend(critic.objections("older-list").await);
    assert!(objections.is_empty(), "{objections:#?}");
}

#[tokio::test]
async fn the_pages_of_the_demo_have_no_violation() {
    let Some(browser) = Browser::open().await else { return };
    let Some(critic) = Critic::of(&browser) else { return };
    let demo = ServedDemo::start().await;
    let mut objections = Vec::new();
    browser.goto(&demo.server.url("/login")).await;
    objections.extend(critic.objections("login").await);
    browser.fill("input[name=user]:not([type=hidden])", "a b").await;
    browser.click("button[data-variant=primary]").await;
    browser.wait_for("#error").await;
    objections.extend(critic.objections("refused-login").await);
    demo.sign_in(&browser, "admin").await;
    objections.extend(critic.objections("start").await);
    browser.goto(&demo.server.url("/live/demo.score_import/")).await;
    objections.extend(critic.objections("form").await);
    browser.evaluate("document.querySelector('.liveops-form').noValidate = true").await;
    browser.click(".liveops-form button").await;
    browser.wait_for(".liveops-mistakes").await;
    objections.extend(critic.objections("form-with-mistakes").await);
    for (name, path) in [("thanks", "/thanks"), ("missing", "/missing")] {
        browser.goto(&demo.server.url(path)).await;
        objections.extend(critic.objections(name).await);
    }
    let task = json!({ "pace_ms": 1000 });
    let task: demo::operations::DemoImport = serde_json::from_value(task).unwrap();
    let id = demo.demo.liveops().enqueue(task, "ann").await.unwrap();
    let path = demo.demo.liveops().url(demo::operations::DemoImport::OP_TYPE, id);
    browser.goto(&demo.server.url(&path)).await;
    browser.wait_for("[data-state=active]").await;
    objections.extend(critic.objections("demo-running").await);
    let id = demo.demo.liveops().enqueue(demo::operations::PanickingTask {}, "ann").await.unwrap();
    let path = demo.demo.liveops().url(demo::operations::PanickingTask::OP_TYPE, id);
    browser.goto(&demo.server.url(&path)).await;
    browser.wait_for(".op-traceback details").await;
    browser.click(".op-traceback summary").await;
    objections.extend(critic.objections("demo-traceback").await);
    browser.click(".liveops-staff > summary").await;
    browser.wait_for(".liveops-staff pre").await;
    objections.extend(critic.objections("staff-section").await);
    browser.goto(&demo.server.url("/live/")).await;
    objections.extend(critic.objections("everybodys-list").await);
    browser.click("#liveops-tick-all").await;
    browser.click("button[value=cancel]").await;
    browser.wait_for(".liveops-outcome li").await;
    objections.extend(critic.objections("bulk-outcome").await);
    assert!(objections.is_empty(), "{objections:#?}");
}
