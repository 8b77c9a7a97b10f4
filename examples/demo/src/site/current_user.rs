//! The signed-in user of a request, and the answer to other requests.

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use liveops::{UserId, Viewer};
use serde_json::json;

use super::{Site, UserName, is_staff};

/// The signed-in user of a request.
#[derive(Debug, Clone)]
pub struct CurrentUser(pub UserName);

impl CurrentUser {
    /// Returns the name as the id of a viewer.
    pub fn id(&self) -> UserId {
        self.0.as_str().into()
    }
}

impl From<CurrentUser> for Viewer {
    fn from(CurrentUser(name): CurrentUser) -> Self {
        Self::new(name.as_str()).with_staff(is_staff(name.as_str()))
    }
}

impl FromRequestParts<Site> for CurrentUser {
    type Rejection = NotSignedIn;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, NotSignedIn> {
        site.sessions.user(&parts.headers).map(Self).ok_or_else(|| NotSignedIn::of(parts))
    }
}

/// The answer to a request without a sign-in, depending on the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSignedIn {
    /// For a page: redirects the browser to the sign-in page.
    Page,
    /// For a part of a page: asks htmx to redirect the whole page.
    PartOfPage,
    /// For a program or a WebSocket: answers with an error.
    Program,
}

impl NotSignedIn {
    fn of(parts: &Parts) -> Self {
        let names = |name: HeaderName, word| names(&parts.headers, name, word);
        let is_json = names(header::ACCEPT, "application/json")
            || (names(header::CONTENT_TYPE, "application/json")
                && !names(header::ACCEPT, "text/html"));
        if is_json || parts.uri.path().ends_with("/ws") {
            Self::Program
        } else if names(HeaderName::from_static("hx-request"), "true") {
            Self::PartOfPage
        } else {
            Self::Page
        }
    }
}

fn names(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|v| v.contains(word))
}

impl IntoResponse for NotSignedIn {
    fn into_response(self) -> Response {
        let error = json!({ "error": { "code": "not_signed_in", "message": "Sign in first." } });
        match self {
            Self::Page => Redirect::to("/login").into_response(),
            Self::PartOfPage => {
                (StatusCode::UNAUTHORIZED, [("hx-redirect", "/login")]).into_response()
            }
            Self::Program => (StatusCode::UNAUTHORIZED, Json(error)).into_response(),
        }
    }
}
