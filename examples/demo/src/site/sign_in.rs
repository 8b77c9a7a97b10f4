//! The sign-in page.

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use liveops::UserId;
use maud::{Markup, html};
use serde::Deserialize;

use super::{Site, UserName};

/// The sign-in form.
#[derive(Debug, Deserialize)]
pub(super) struct SignIn {
    #[serde(default)]
    user: String,
}

pub(super) async fn show(State(site): State<Site>) -> Markup {
    page(&site, "", None)
}

pub(super) async fn sign_in(State(site): State<Site>, Form(form): Form<SignIn>) -> Response {
    match form.user.parse::<UserName>() {
        Ok(name) => (site.sessions.sign_in(&name), Redirect::to("/")).into_response(),
        Err(error) => {
            let page = page(&site, &form.user, Some(&error.to_string()));
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
        }
    }
}

pub(super) async fn sign_out(State(site): State<Site>, headers: HeaderMap) -> Response {
    if let Some(user) = site.sessions.user(&headers) {
        // Other open pages reconnect after a moment, without the cookie.
        site.liveops.disconnect(&UserId::from(user.as_str())).await;
    }
    (site.sessions.sign_out(&headers), Redirect::to("/login")).into_response()
}

fn page(site: &Site, name: &str, error: Option<&str>) -> Markup {
    let body = html! {
        h1 { "Sign in" }
        p class="liveops-lead" {
            "Choose any name; there is no password. The operations that you start belong to this "
            "name; " strong { "admin" } " sees the operations of all users."
        }
        form class="liveops-form" method="post" action="/login" {
            label {
                "Your name"
                input name="user" value=(name) required maxlength="64" autofocus
                    autocomplete="username" autocapitalize="none" spellcheck="false"
                    aria-invalid=[error.map(|_| "true")]
                    aria-describedby=[error.map(|_| "error")];
            }
            @if let Some(error) = error {
                p id="error" class="op-error" role="alert" { (error) }
            }
            button type="submit" data-variant="primary" { "Sign in" }
        }
        form class="liveops-form" method="post" action="/login" {
            input type="hidden" name="user" value="admin";
            button type="submit" { "Sign in as admin" }
        }
    };
    site.liveops.renderer().page("Sign in", &UserId::from(""), body)
}
