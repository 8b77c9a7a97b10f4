//! The start page.

use axum::extract::State;
use liveops::{LiveOperation, LiveOps, UserId};
use maud::{Markup, html};

use crate::{orders_export::OrdersExport, sign_in::CurrentUser};

/// Shows the form that starts an export. It is sent to the route of liveops, which redirects to the live
/// page.
pub(crate) async fn home(State(liveops): State<LiveOps>, user: CurrentUser) -> Markup {
    let mount = liveops.mount();
    let body = html! {
        h1 { "Orders as CSV" }
        form class="liveops-form" method="post" action={ (mount) "/" (OrdersExport::OP_TYPE) "/" } {
            label { "Year" select name="year" { option { "2025" } option { "2026" } } }
            button data-variant="primary" { "Export" }
        }
        p { "Earlier exports are in the list of " a href={ (mount) "/" } { "operations" } "." }
    };
    liveops.renderer().page("Orders", &UserId::from(user.name), body)
}

pub(crate) async fn login(State(liveops): State<LiveOps>) -> Markup {
    let body = html! {
        h1 { "Sign in" }
        form class="liveops-form" method="post" action="/login" {
            label { "Any name" input name="name" required maxlength="64" autofocus; }
            button data-variant="primary" { "Sign in" }
        }
    };
    liveops.renderer().page("Sign in", &UserId::from(""), body)
}
