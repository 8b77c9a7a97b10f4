use axum::{Router, http::header, routing::get};
use liveops::Config;
use maud::{Markup, html};

use super::need::need;

/// Where [`routes`] serves htmx 4.
pub(crate) const HTMX_4: &str = "/htmx-4.js";

/// Which htmx a page loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Htmx {
    /// The one that liveops brings.
    Two,
    /// One of the application's own, from [`routes`].
    Four,
    None,
}

impl Htmx {
    pub(crate) fn config(self) -> Config {
        let mut config = Config::default();
        config.include_htmx = self == Self::Two;
        config
    }

    /// What the application's layout has in its head before what liveops needs there.
    pub(crate) fn head(self) -> Markup {
        html! { @if self == Self::Four { script defer src=(HTMX_4) {} } }
    }

    /// What the version in `window.htmx` begins with.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Two => "2.",
            Self::Four => "4.",
            Self::None => "",
        }
    }
}

/// Serves htmx 4, where the machine has it.
pub(crate) fn routes() -> Option<Router> {
    let folder = need("npm packages", "LIVEOPS_TEST_NODE_MODULES")?;
    let script = std::fs::read_to_string(format!("{folder}/htmx-4/dist/htmx.min.js")).unwrap();
    let answer = ([(header::CONTENT_TYPE, "text/javascript")], script);
    Some(Router::new().route(HTMX_4, get(async move || answer)))
}
