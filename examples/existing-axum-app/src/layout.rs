//! The layout of every page.

use maud::{DOCTYPE, Markup, html};

pub(crate) const STYLE: &str = include_str!("../assets/app.css");

/// Returns a page in the layout. `head` has the additional head elements of the page.
pub(crate) fn layout(title: &str, user: Option<&str>, head: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        // live: data-theme, because this application has no dark colours.
        html lang="en" data-theme="light" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Ledger" }
                (head)
                link rel="stylesheet" href="/app.css";
            }
            body {
                header {
                    strong { "Ledger" }
                    @if let Some(user) = user {
                        nav {
                            a href="/" { "Customers" }
                            a href="/live/" { "Operations" } // live:
                        }
                        form method="post" action="/logout" { (user) " " button { "Sign out" } }
                    }
                }
                main { (body) }
            }
        }
    }
}
