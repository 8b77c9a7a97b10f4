//! The layout of every page.

use liveops::render::Layout;
use maud::{DOCTYPE, Markup, html};

use super::{favicon, start_page};

/// The layout of every page, including the pages of liveops.
pub fn layout(page: &Layout) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(page.language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (page.title) " · liveops demo" }
                link rel="icon" type="image/svg+xml" href=(favicon::PATH);
                (page.head)
            }
            body class="liveops-page" {
                header {
                    nav class="liveops-nav" aria-label="Main" {
                        a class="liveops-brand" href="/" { "liveops demo" }
                        @if !page.viewer.is_empty() { (links(page)) }
                    }
                }
                main { (page.body) }
            }
        }
    }
}

/// The navigation of a signed-in user.
fn links(page: &Layout) -> Markup {
    // A layout does not get the path of its page, but the title of the list is known.
    let sign_out = page.language.text("sign-out", []);
    let current = |title: &str| (page.title == title).then_some("page");
    html! {
        a href="/" aria-current=[current(start_page::TITLE)] { "Start" }
        a href=(page.list_url) aria-current=[current(&page.list_title)] { (page.list_title) }
        form class="liveops-end" method="post" action="/logout" {
            span class="liveops-user" { (page.viewer) }
            button type="submit" { (sign_out.as_deref().unwrap_or("Sign out")) }
        }
    }
}
