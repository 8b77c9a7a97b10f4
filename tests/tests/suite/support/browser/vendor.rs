use axum::http::Method;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command of chromedriver's that is not in the W3C's book.
#[derive(Debug)]
pub(super) struct VendorCommand {
    path: &'static str,
    body: Value,
}

impl VendorCommand {
    /// A command of the DevTools protocol.
    pub(super) fn devtools(command: &str, parameters: &Value) -> Self {
        Self { path: "goog/cdp/execute", body: json!({ "cmd": command, "params": parameters }) }
    }

    /// The entries of a log since it was last asked for.
    pub(super) fn log(name: &str) -> Self {
        Self { path: "se/log", body: json!({ "type": name }) }
    }
}

impl WebDriverCompatibleCommand for VendorCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
