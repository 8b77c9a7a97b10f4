use std::error::Error as StdError;

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{auth::viewer::Viewer, pages::embed::EmbedError, state::Web};
use crate::{
    channel::ChannelError,
    form::FormErrors,
    language::{Language, Text},
    runner::{EnqueueError, InputError, RetryError},
    store::StoreError,
};

/// A request that was not fulfilled: a status, a word for programs and a sentence for people.
#[derive(Debug)]
pub(super) struct WebError {
    status: StatusCode,
    code: &'static str,
    message: ErrorText,
    /// The operation that the message speaks of.
    operation_url: Option<String>,
    /// What is wrong with each field, where the request was an input with mistakes.
    fields: Map<String, Value>,
}

/// What is told of why a request was not fulfilled.
#[derive(Debug, Serialize)]
pub(super) struct ErrorBody {
    code: &'static str,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    fields: Map<String, Value>,
}

/// What people read.
#[derive(Debug)]
pub(super) enum ErrorText {
    /// Said in the language of whoever reads it.
    Text(Text),
    /// The same of a request that has more bytes than it may.
    TooLarge { bytes_max: usize },
    /// Said by somebody else.
    Given(String),
}

impl ErrorText {
    fn in_words(self, language: &Language) -> String {
        match self {
            Self::Text(text) => language.translate(text),
            Self::TooLarge { bytes_max } => {
                language.translate_with(Text::UploadTooLarge, [("bytes", bytes_max.into())])
            }
            Self::Given(text) => text,
        }
    }
}

impl From<Text> for ErrorText {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<String> for ErrorText {
    fn from(text: String) -> Self {
        Self::Given(text)
    }
}

impl WebError {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<ErrorText>,
    ) -> Self {
        Self { status, code, message: message.into(), operation_url: None, fields: Map::new() }
    }

    /// There is one already, at this address, that counts as the same.
    pub(super) fn duplicate(url: String) -> Self {
        let duplicate = Self::new(StatusCode::CONFLICT, "duplicate", Text::Duplicate);
        Self { operation_url: Some(url), ..duplicate }
    }

    /// One answer for what does not exist and for what is somebody else's.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", Text::NotFound)
    }

    pub(super) fn forbidden(message: impl Into<ErrorText>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(super) fn too_many_connections() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_connections", Text::TooManyPages)
    }

    pub(super) fn too_large(bytes_max: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", ErrorText::TooLarge { bytes_max })
    }

    pub(super) fn unsupported(found: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            format!("Expected JSON or a form, found `{found}`."),
        )
    }

    pub(super) fn unreadable(message: impl Into<ErrorText>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", message)
    }

    /// An input with mistakes, each beside its field.
    pub(super) fn invalid(errors: &FormErrors) -> Self {
        let located =
            errors.iter().filter_map(|error| error.field.clone().zip(Some(&error.message)));
        let fields = located.map(|(field, message)| (field, message.as_str().into())).collect();
        Self { fields, ..Self::unreadable(errors.to_string()) }
    }

    /// What went wrong goes to the application's log, and never to a page.
    fn internal(error: &(dyn StdError + 'static)) -> Self {
        tracing::error!(error, "failed to answer a request");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", Text::Internal)
    }

    /// The answer in the form the request asked for: JSON, or a page for `viewer`.
    pub(super) fn answer(self, web: &Web, viewer: &Viewer, headers: &HeaderMap) -> Response {
        let renderer = web.renderer_for(viewer);
        if wants_json(headers) {
            return self.into_json(renderer.language());
        }
        let title = renderer.language().translate(self.title());
        let message = self.message.in_words(renderer.language());
        let url = self.operation_url.as_deref();
        let page = renderer.refusal_page(&title, &message, url, &viewer.id);
        (self.status, page).into_response()
    }

    /// What is told of it in an answer, in this language.
    pub(super) fn into_body(self, language: &Language) -> ErrorBody {
        ErrorBody {
            code: self.code,
            message: self.message.in_words(language),
            url: self.operation_url,
            fields: self.fields,
        }
    }

    /// The answer to scripts and programs, whatever they say they accept.
    pub(super) fn into_json(self, language: &Language) -> Response {
        let status = self.status;
        (status, Json(json!({ "error": self.into_body(language) }))).into_response()
    }

    fn title(&self) -> Text {
        match self.status {
            StatusCode::BAD_REQUEST => Text::BadRequestTitle,
            StatusCode::FORBIDDEN => Text::ForbiddenTitle,
            StatusCode::NOT_FOUND => Text::NotFoundTitle,
            StatusCode::CONFLICT => Text::ConflictTitle,
            StatusCode::PAYLOAD_TOO_LARGE => Text::TooLargeTitle,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Text::UnsupportedTitle,
            StatusCode::UNPROCESSABLE_ENTITY => Text::InvalidTitle,
            StatusCode::TOO_MANY_REQUESTS => Text::TooManyTitle,
            _ => Text::InternalTitle,
        }
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

impl From<RetryError> for WebError {
    fn from(error: RetryError) -> Self {
        match &error {
            RetryError::Refused(refusal) => match refusal.user_message() {
                Some(message) => Self::new(StatusCode::CONFLICT, "refused", message.to_owned()),
                None => {
                    tracing::error!(traceback = refusal.traceback(), "a retry failed");
                    Self::internal(&error)
                }
            },
            RetryError::NotRegistered { .. } => {
                Self::new(StatusCode::CONFLICT, "not_registered", Text::NotRegistered)
            }
            RetryError::Store(_) => Self::internal(&error),
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
