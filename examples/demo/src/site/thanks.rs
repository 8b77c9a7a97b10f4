//! The target page of a redirect.

use axum::extract::State;
use maud::{Markup, html};

use super::{CurrentUser, Site};

/// The page to which [`RedirectingTask`](crate::operations::RedirectingTask) redirects.
pub const THANKS_PATH: &str = "/thanks";

pub(super) async fn show(State(site): State<Site>, user: CurrentUser) -> Markup {
    let body = html! {
        h1 { "Thank you" }
        p class="liveops-lead" {
            "An operation has finished and sent you here: " code { "p.web().redirect(…)" } "."
        }
        p { a href="/" { "Back to the start page" } }
    };
    site.liveops.renderer().page("Thank you", &user.id(), body)
}
