use std::{fs, future::Future, panic::Location, path::Path, sync::Mutex};

use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    error::CmdError,
    wd::{Capabilities, WindowHandle},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    driver::Driver,
    navigation::NavigationCounter,
    patience::{Deadline, TIMEOUT, await_in_page},
    vendor::VendorCommand,
};
use crate::support::need::need;

/// Quiet, and with nothing of its own on the network; tests load only pages of their own, so they
/// do without the sandbox, which the administrator (and many a container) cannot have.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
];

/// A browser of one test's own, with an empty profile; closed when dropped, in a panic too.
#[derive(Debug)]
pub(crate) struct Browser {
    client: Client,
    navigations: Mutex<NavigationCounter>,
    // Dropped in this order: the profile is free to go when the browser has closed.
    _driver: Driver,
    _folder: TempDir,
}

impl Browser {
    /// An open browser with one empty tab, or `None` where there is none to start.
    pub(crate) async fn open() -> Option<Self> {
        let chromium = need("Chromium", "LIVEOPS_TEST_CHROMIUM")?;
        let program = need("chromedriver", "LIVEOPS_TEST_CHROMEDRIVER")?;
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("chromedriver.log");
        let driver = Driver::start(&program, folder.path(), &log);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&chromium, &folder.path().join("profile")))
            .connect(&driver.url())
            .await
            .unwrap_or_else(|error| {
                let log = fs::read_to_string(&log).unwrap_or_default();
                panic!("failed to start Chromium: {error}\n{log}")
            });
        Some(Self { client, navigations: Mutex::default(), _driver: driver, _folder: folder })
    }

    /// Loads a page in the current tab; its navigations are counted from here.
    pub(crate) async fn goto(&self, url: &str) {
        self.read_navigations().await;
        let tab = String::from(self.tab().await);
        self.navigations.lock().unwrap().forget(&tab);
        self.client.goto(url).await.unwrap();
    }

    /// How often the current tab has loaded another document since [`goto`](Self::goto); 0 for a
    /// page that never reloads.
    pub(crate) async fn navigation_count(&self) -> usize {
        self.read_navigations().await;
        let tab = String::from(self.tab().await);
        // The first was the one that `goto` asked for.
        self.navigations.lock().unwrap().loads(&tab).saturating_sub(1)
    }

    /// Waits until a JavaScript expression is truthy, in this document or one that follows it.
    ///
    /// # Panics
    ///
    /// With the state of the page, when it does not come true in half a minute.
    #[track_caller]
    pub(crate) fn wait_until(&self, expression: &str) -> impl Future<Output = ()> {
        self.wait_at(Location::caller(), expression)
    }

    /// Waits until the page has an element.
    #[track_caller]
    pub(crate) fn wait_for(&self, css: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move { self.wait_at(caller, &element(css)).await }
    }

    /// The text of the first element that matches, as the user sees it, once there is one.
    #[track_caller]
    pub(crate) fn text(&self, css: &str) -> impl Future<Output = String> {
        let caller = Location::caller();
        async move {
            self.wait_at(caller, &element(css)).await;
            let text = self.evaluate(&format!("{}.innerText", element(css))).await;
            text.as_str().unwrap_or_default().to_owned()
        }
    }

    /// The value of a JavaScript expression.
    pub(crate) async fn evaluate(&self, expression: &str) -> Value {
        self.client.execute(&format!("return ({expression})"), Vec::new()).await.unwrap()
    }

    /// Clicks as the user does: on what is visible there, in the middle of the element.
    #[track_caller]
    pub(crate) fn click(&self, css: &str) -> impl Future<Output = ()> {
        self.act_at(Location::caller(), css, async |element| element.click().await)
    }

    /// Replaces the text of a field.
    #[track_caller]
    pub(crate) fn fill(&self, css: &str, text: &str) -> impl Future<Output = ()> {
        self.act_at(Location::caller(), css, async |element| {
            element.clear().await?;
            element.send_keys(text).await
        })
    }

    /// Chooses a file in a file field.
    #[track_caller]
    pub(crate) fn upload(&self, css: &str, path: &Path) -> impl Future<Output = ()> {
        let path = fs::canonicalize(path).unwrap().into_os_string().into_string().unwrap();
        self.act_at(Location::caller(), css, async move |element| element.send_keys(&path).await)
    }

    async fn wait_at(&self, caller: &Location<'_>, expression: &str) {
        let deadline = Deadline::new();
        let script = await_in_page(expression);
        loop {
            let outcome = self.client.execute_async(&script, vec![deadline.argument()]).await;
            let objection = match outcome {
                Ok(Value::Null) => return,
                Ok(objection) => objection.to_string(),
                // Before the end, this is a document that left while it was asked.
                Err(error) => error.to_string(),
            };
            if deadline.has_passed() {
                let page = self.describe().await;
                panic!("{caller}: waited {TIMEOUT:?} for `{expression}`, but {objection}\n{page}");
            }
        }
    }

    /// Does something to an element, and again if the page replaced it meanwhile: that is what
    /// live pages do.
    async fn act_at(
        &self,
        caller: &Location<'_>,
        css: &str,
        act: impl AsyncFn(Element) -> Result<(), CmdError>,
    ) {
        let deadline = Deadline::new();
        loop {
            self.wait_at(caller, &element(css)).await;
            let outcome = match self.client.find(Locator::Css(css)).await {
                Ok(element) => act(element).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => return,
                Err(error) if is_gone(&error) && !deadline.has_passed() => {}
                Err(error) => panic!("{caller}: `{css}`: {error}\n{}", self.describe().await),
            }
        }
    }

    /// Opens a tab and makes it the current one.
    pub(crate) async fn new_tab(&self) -> WindowHandle {
        let opened = self.client.new_window(true).await.unwrap();
        self.switch_tab(opened.handle.clone()).await;
        opened.handle
    }

    pub(crate) async fn switch_tab(&self, tab: WindowHandle) {
        self.client.switch_to_window(tab).await.unwrap();
    }

    /// The current tab.
    pub(crate) async fn tab(&self) -> WindowHandle {
        self.client.window().await.unwrap()
    }

    /// Types into whatever has the focus, and again if the page replaced it meanwhile.
    pub(crate) async fn press(&self, keys: &str) {
        let deadline = Deadline::new();
        loop {
            let focused = self.client.active_element().await.unwrap();
            match focused.send_keys(keys).await {
                Err(error) if is_gone(&error) && !deadline.has_passed() => {}
                outcome => return outcome.unwrap(),
            }
        }
    }

    /// Runs a script at the beginning of every document to come in the current tab, before those
    /// of the page and whatever its policy.
    pub(crate) async fn on_every_page(&self, script: &str) {
        let script = json!({ "source": script });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", &script).await;
    }

    /// Sets a cookie for the site of `url`, which need not have been visited.
    pub(crate) async fn set_cookie(&self, url: &str, name: &str, value: &str) {
        let cookie = json!({ "url": url, "name": name, "value": value });
        self.devtools("Network.setCookie", &cookie).await;
    }

    /// What the system's setting is, for the page: `dark` or `light`.
    pub(crate) async fn color_scheme(&self, scheme: &str) {
        self.media("prefers-color-scheme", scheme).await;
    }

    /// What one of the system's settings is, for the page; the others are the system's again.
    pub(crate) async fn media(&self, feature: &str, value: &str) {
        let features = json!([{ "name": feature, "value": value }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features })).await;
    }

    /// Another screen: its size in the pixels of CSS, and how many of its own each of them has.
    pub(crate) async fn screen(&self, width: u32, height: u32, scale: u32) {
        let screen = json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &screen).await;
    }

    /// Takes the network from the current tab, or gives it back.
    pub(crate) async fn network(&self, is_there: bool) {
        let conditions = json!({
            "offline": !is_there, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.devtools("Network.emulateNetworkConditions", &conditions).await;
    }

    /// What is in the window, as a PNG.
    pub(crate) async fn screenshot(&self, path: &Path) {
        fs::write(path, self.client.screenshot().await.unwrap()).unwrap();
    }

    /// The errors on the console since it was last asked: of scripts, and of what failed to load.
    pub(crate) async fn console_errors(&self) -> Vec<String> {
        let log = self.client.issue_cmd(VendorCommand::log("browser")).await.unwrap();
        let entries = log.as_array().into_iter().flatten();
        entries
            .filter(|entry| entry["level"] == "SEVERE")
            .filter_map(|entry| entry["message"].as_str().map(str::to_owned))
            .collect()
    }

    /// Runs a DevTools command in the current tab.
    pub(crate) async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let command = VendorCommand::devtools(command, parameters);
        self.client.issue_cmd(command).await.unwrap()
    }

    /// Everything WebDriver has, for what is too rare to have a name here.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    async fn read_navigations(&self) {
        let log = self.client.issue_cmd(VendorCommand::log("performance")).await.unwrap();
        self.navigations.lock().unwrap().read(&log);
    }

    /// The page, for whoever reads why a test failed.
    async fn describe(&self) -> String {
        let page = "[location.href, document.title, document.body?.outerHTML ?? ''].join('\\n')";
        let page = self.client.execute(&format!("return {page}"), Vec::new()).await;
        let page = match &page {
            Ok(page) => page.as_str().unwrap_or_default().to_owned(),
            Err(error) => format!("the page does not answer: {error}"),
        };
        let shown: String = page.chars().take(4000).collect();
        format!(
            "--- the page\n{shown}\n--- errors on its console\n{:#?}",
            self.console_errors().await
        )
    }
}

/// The JavaScript expression for the first element that matches.
fn element(css: &str) -> String {
    format!("document.querySelector({})", json!(css))
}

/// The element, or the document it was in, has been replaced since it was found.
fn is_gone(error: &CmdError) -> bool {
    error.is_stale_element_reference() || error.is_no_such_element()
}

fn capabilities(chromium: &str, profile: &Path) -> Capabilities {
    let mut flags: Vec<String> = FLAGS.map(str::to_owned).into();
    flags.push(format!("--user-data-dir={}", profile.display()));
    let patience = u64::try_from(TIMEOUT.as_millis()).unwrap();
    let capabilities = json!({
        "goog:chromeOptions": {
            "binary": chromium,
            "args": flags,
            // Navigations only, not every byte of every request.
            "perfLoggingPrefs": { "enableNetwork": false, "enablePage": true },
        },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        // The script that waits has patience of its own, and the better message.
        "timeouts": { "script": 2 * patience, "pageLoad": 2 * patience, "implicit": 0 },
    });
    serde_json::from_value(capabilities).unwrap()
}
