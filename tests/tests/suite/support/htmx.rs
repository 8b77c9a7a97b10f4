use axum::{Router, http::header, routing::get};
use maud::{Markup, PreEscaped, html};

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
    /// The head that liveops makes, with this htmx in the place of its own.
    pub(crate) fn head(self, head: &Markup) -> Markup {
        let (before, from_htmx) = head.0.split_once("<script").unwrap();
        let (htmx_2, liveops) = from_htmx.split_at(from_htmx.find("<script").unwrap());
        html! {
            (PreEscaped(before))
            @match self {
                Self::Two => (PreEscaped(format!("<script{htmx_2}"))),
                Self::Four => script defer src=(HTMX_4) {},
                Self::None => {},
            }
            (PreEscaped(liveops))
        }
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
