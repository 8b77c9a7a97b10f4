use std::collections::HashMap;

use serde_json::Value;

/// How many documents each tab has loaded, from chromedriver's performance log.
///
/// The log and not a script in the page: it sees every load, whatever its origin, however early
/// the page leaves again, and also what comes back from the back/forward cache.
#[derive(Debug, Default)]
pub(super) struct NavigationCounter {
    loads: HashMap<String, usize>,
}

impl NavigationCounter {
    pub(super) fn read(&mut self, log: &Value) {
        for tab in log.as_array().into_iter().flatten().filter_map(loaded_tab) {
            *self.loads.entry(tab).or_default() += 1;
        }
    }

    pub(super) fn forget(&mut self, tab: &str) {
        self.loads.remove(tab);
    }

    pub(super) fn loads(&self, tab: &str) -> usize {
        self.loads.get(tab).copied().unwrap_or_default()
    }
}

/// The tab whose main frame has got a new document, if that is what the entry tells.
fn loaded_tab(entry: &Value) -> Option<String> {
    let entry: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let message = &entry["message"];
    let frame = &message["params"]["frame"];
    let in_main_frame = frame["parentId"].is_null();
    // The empty page of a new tab comes at a time of its own, and from no server.
    let from_server = frame["url"].as_str().is_some_and(|url| url.starts_with("http"));
    (message["method"] == "Page.frameNavigated" && in_main_frame && from_server)
        .then(|| entry["webview"].as_str().unwrap_or_default().to_owned())
}
