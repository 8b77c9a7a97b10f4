use std::error::Error as StdError;

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{embed::EmbedError, state::Web, viewer::Viewer};
use crate::{
    channel::ChannelError,
    runner::{EnqueueError, InputError, RestartError},
    store::StoreError,
};

/// A request that was not fulfilled: a status, a word for programs and a sentence for people.
#[derive(Debug)]
pub(super) struct WebError {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// The operation that the message speaks of.
    operation_url: Option<String>,
}

impl WebError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), operation_url: None }
    }

    /// There is one already, at this address, that counts as the same.
    pub(super) fn duplicate(url: String) -> Self {
        let message = "The same operation is waiting or running already.";
        Self { operation_url: Some(url), ..Self::new(StatusCode::CONFLICT, "duplicate", message) }
    }

    /// One answer for what does not exist and for what is somebody else's.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such operation.")
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(super) fn too_many_connections() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_connections",
            "You have too many pages open.",
        )
    }

    pub(super) fn too_large(bytes_max: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("Expected at most {bytes_max} bytes, found more."),
        )
    }

    pub(super) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", message)
    }

    /// What went wrong goes to the application's log, and never to a page.
    fn internal(error: &(dyn StdError + 'static)) -> Self {
        tracing::error!(error, "failed to answer a request");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on the server.",
        )
    }

    /// The answer in the form the request asked for: JSON, or a page for `viewer`.
    pub(super) fn answer(self, web: &Web, viewer: &Viewer, headers: &HeaderMap) -> Response {
        if wants_json(headers) {
            return self.into_response();
        }
        let title = self.status.canonical_reason().unwrap_or("Error");
        let url = self.operation_url.as_deref();
        let page = web.engine().renderer.refusal_page(title, &self.message, url, &viewer.id);
        (self.status, page).into_response()
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": { "code": self.code, "message": self.message } });
        if let Some(url) = self.operation_url {
            body["error"]["url"] = url.into();
        }
        (self.status, Json(body)).into_response()
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<ChannelError> for WebError {
    fn from(error: ChannelError) -> Self {
        Self::internal(&error)
    }
}

impl From<EmbedError> for WebError {
    fn from(error: EmbedError) -> Self {
        Self::internal(&error)
    }
}

impl From<EnqueueError> for WebError {
    fn from(error: EnqueueError) -> Self {
        Self::internal(&error)
    }
}

impl From<RestartError> for WebError {
    fn from(error: RestartError) -> Self {
        match &error {
            RestartError::Refused(refusal) => match refusal.user_message() {
                Some(message) => Self::new(StatusCode::CONFLICT, "refused", message),
                None => {
                    tracing::error!(traceback = refusal.traceback(), "a retry failed");
                    Self::internal(&error)
                }
            },
            _ => Self::internal(&error),
        }
    }
}

impl From<std::io::Error> for WebError {
    fn from(error: std::io::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<crate::token::TokenError> for WebError {
    fn from(error: crate::token::TokenError) -> Self {
        Self::internal(&error)
    }
}

impl From<InputError> for WebError {
    fn from(error: InputError) -> Self {
        Self::unreadable(error.to_string())
    }
}

/// Whether a request asks for JSON: it names it in `Accept`, or sends it and does not ask for a
/// page.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let says = |name, word| {
        headers
            .get(name)
            .and_then(|v: &HeaderValue| v.to_str().ok())
            .is_some_and(|v| v.contains(word))
    };
    says(header::ACCEPT, "application/json")
        || (says(header::CONTENT_TYPE, "application/json") && !says(header::ACCEPT, "text/html"))
}

/// Whether a request comes from htmx or liveops.js, which stay on their page.
pub(super) fn is_partial(headers: &HeaderMap) -> bool {
    headers.get("hx-request").is_some_and(|value| value == "true")
}
