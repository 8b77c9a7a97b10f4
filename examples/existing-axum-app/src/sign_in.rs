//! The sign-in page, and the signed-in user of a request.

use axum::{
    Form,
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use axum_login::AuthSession;
use liveops::LiveOps; // live:
use maud::{Markup, html};

use crate::{
    error::AppError,
    layout::layout,
    models::user,
    users::{Credentials, SignInError, Users},
};

/// The signed-in user of a request. Other requests are redirected to the sign-in page.
pub(crate) struct CurrentUser(pub(crate) user::Model);

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let session = AuthSession::<Users>::from_request_parts(parts, state).await;
        let user = session.map_err(IntoResponse::into_response)?.user;
        user.map(Self).ok_or_else(|| not_signed_in(parts))
    }
}

/// Redirects a page to the sign-in page. A WebSocket, a program and a part of a page cannot be redirected;
/// for the last, htmx redirects the page that contains it.
fn not_signed_in(parts: &Parts) -> Response {
    let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let is_page = accept.is_some_and(|accept| accept.contains("text/html"));
    if is_page && !parts.headers.contains_key("hx-request") {
        Redirect::to("/login").into_response()
    } else {
        (StatusCode::UNAUTHORIZED, [("hx-redirect", "/login")]).into_response()
    }
}

pub(crate) async fn show() -> Markup {
    page(None)
}

pub(crate) async fn sign_in(
    mut session: AuthSession<Users>,
    Form(credentials): Form<Credentials>,
) -> Result<Response, AppError> {
    let user = match session.authenticate(credentials).await {
        Err(axum_login::Error::Backend(SignInError::Busy)) => {
            let busy = page(Some("Many users sign in at the moment. Try again in a few seconds."));
            let retry = [(header::RETRY_AFTER, "5")];
            return Ok((StatusCode::SERVICE_UNAVAILABLE, retry, busy).into_response());
        }
        user => user?,
    };
    let Some(user) = user else {
        let page = page(Some("There is no such user, or the password is wrong."));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    session.login(&user).await?;
    Ok(Redirect::to("/").into_response())
}

pub(crate) async fn sign_out(
    State(liveops): State<LiveOps>, // live:
    mut session: AuthSession<Users>,
) -> Result<Redirect, AppError> {
    if let Some(user) = session.logout().await? {
        // live: the open pages of the user receive no more updates.
        liveops.disconnect(&user.name.into()).await;
    }
    Ok(Redirect::to("/login"))
}

fn page(error: Option<&str>) -> Markup {
    let body = html! {
        h1 { "Sign in" }
        p { "Ann and ben bill, sam sells, admin sees everything; their password is " code { "secret" } "." }
        form method="post" action="/login" {
            label { "Name" input name="name" required autofocus autocomplete="username"; }
            label {
                "Password"
                input type="password" name="password" required autocomplete="current-password";
            }
            @if let Some(error) = error { p class="error" role="alert" { (error) } }
            button { "Sign in" }
        }
    };
    layout("Sign in", None, &html! {}, &body)
}
