//! The sign-in of the example.

use axum::{
    Form, RequestPartsExt, extract::FromRequestParts, http::request::Parts, response::Redirect,
};
use axum_extra::extract::cookie::{Cookie, SameSite, SignedCookieJar};
use liveops::Viewer;
use serde::Deserialize;

use crate::app::App;

const COOKIE: &str = "user";

/// The signed-in user of a request. Any name is accepted; `examples/existing-axum-app` has passwords.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CurrentUser {
    pub(crate) name: String,
}

impl From<CurrentUser> for Viewer {
    fn from(user: CurrentUser) -> Self {
        Self::new(user.name)
    }
}

impl FromRequestParts<App> for CurrentUser {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Redirect> {
        let Ok(cookies) = parts.extract_with_state::<SignedCookieJar, App>(app).await;
        let name = cookies.get(COOKIE).map(|cookie| cookie.value().to_owned());
        name.map(|name| Self { name }).ok_or_else(|| Redirect::to("/login"))
    }
}

pub(crate) async fn sign_in(
    cookies: SignedCookieJar,
    Form(CurrentUser { name }): Form<CurrentUser>,
) -> (SignedCookieJar, Redirect) {
    let cookie = Cookie::build((COOKIE, name)).http_only(true).same_site(SameSite::Lax).path("/");
    (cookies.add(cookie), Redirect::to("/"))
}
