//! The errors of the web module and the answers to failed requests, as JSON or as a page. Internal errors go
//! to the log and never into an answer.

use std::error::Error as StdError;

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    auth::viewer::Viewer,
    header_params::media_type,
    negotiation::{Preference, preference},
    pages::embed::EmbedError,
    state::Web,
};
use crate::{
    channel::ChannelError,
    form::FormErrors,
    language::{Language, Text},
    operation::UserId,
    panic::Panicked,
    render::Renderer,
    runner::{EnqueueError, InputError, RetryError},
    store::StoreError,
    uploads::UploadError,
};

/// Time after which a client may repeat a request for which the database was busy, in seconds.
const BUSY_RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// Time after which a client may repeat a request that exceeded a limit of its user, in seconds.
const LIMIT_RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");

/// A failed request: an HTTP status, an error code for programs and a message for users.
#[derive(Debug)]
pub(super) struct WebError {
    status: StatusCode,
    code: &'static str,
    message: ErrorText,
    /// The URL of the operation that the message is about.
    operation_url: Option<String>,
    /// The error message of each invalid field, for an input with mistakes.
    fields: Map<String, Value>,
}

/// The body of an error in an answer.
#[derive(Debug, Serialize)]
pub(super) struct ErrorBody {
    code: &'static str,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    fields: Map<String, Value>,
}

/// The message for users.
#[derive(Debug)]
pub(super) enum ErrorText {
    /// A text of this crate, translated into the reader's language.
    Text(Text),
    /// The text for a form with files with more bytes than allowed; `found` if the number is known.
    UploadTooLarge { found: Option<u64>, bytes_max: u64 },
    /// The text for an input with more bytes than allowed; `found` if the number is known.
    InputTooLarge { found: Option<u64>, bytes_max: u64 },
    /// The text for files that exceed the quota of their owner.
    QuotaReached { found: u64, bytes_max: u64 },
    /// A text about a maximum number of something.
    AtMost(Text, usize),
    /// A text from another source, not translated.
    Given(String),
}

impl ErrorText {
    fn translate(&self, language: &Language) -> String {
        match *self {
            Self::Text(text) => language.translate(text),
            Self::UploadTooLarge { found, bytes_max } => {
                let texts = (Text::UploadTooLarge, Text::UploadOverLimit);
                too_large(language, texts, found, bytes_max)
            }
            Self::InputTooLarge { found, bytes_max } => {
                let texts = (Text::InputTooLarge, Text::InputOverLimit);
                too_large(language, texts, found, bytes_max)
            }
            Self::QuotaReached { found, bytes_max } => {
                let texts = (Text::QuotaReached, Text::QuotaReached);
                too_large(language, texts, Some(found), bytes_max)
            }
            Self::AtMost(text, max) => language.translate_with(text, [("max", max.into())]),
            Self::Given(ref text) => text.clone(),
        }
    }
}

/// Translates the first text if the number of bytes is known, or else the second text.
fn too_large(
    language: &Language,
    (with_found, without): (Text, Text),
    found: Option<u64>,
    bytes_max: u64,
) -> String {
    let max = ("max", language.size(bytes_max).into());
    match found {
        // Rounded up, so that the number is visibly above the maximum.
        Some(found) => {
            language.translate_with(with_found, [("found", language.size(found).into()), max])
        }
        None => language.translate_with(without, [max]),
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

    /// The answer to a duplicate: the unfinished operation at `url` has the same unique key.
    pub(super) fn duplicate(url: String) -> Self {
        let duplicate = Self::new(StatusCode::CONFLICT, "duplicate", Text::Duplicate);
        Self { operation_url: Some(url), ..duplicate }
    }

    /// One error for both a missing operation and an operation of another owner, so that a viewer cannot
    /// distinguish the two.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", Text::NotFound)
    }

    pub(super) fn forbidden(message: impl Into<ErrorText>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(super) fn too_many_connections() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_connections", Text::TooManyPages)
    }

    /// The error for a viewer with the maximum number of waiting operations.
    pub(super) fn too_many_waiting(max: usize) -> Self {
        let message = ErrorText::AtMost(Text::TooManyWaiting, max);
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_waiting", message)
    }

    pub(super) fn too_large(message: ErrorText) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(super) fn too_many_fields(max: usize) -> Self {
        Self::too_large(ErrorText::AtMost(Text::TooManyFields, max))
    }

    pub(super) fn too_many_files(max: usize) -> Self {
        Self::too_large(ErrorText::AtMost(Text::TooManyFiles, max))
    }

    pub(super) fn too_many_values(max: usize) -> Self {
        Self::too_large(ErrorText::AtMost(Text::TooManyValues, max))
    }

    pub(super) fn bad_request(message: impl Into<ErrorText>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
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

    /// The error for an invalid input, with the mistakes of each field.
    pub(super) fn invalid(errors: &FormErrors) -> Self {
        let located = errors
            .iter()
            .filter_map(|(field, message)| field.map(str::to_owned).zip(Some(message)));
        let fields = located.map(|(field, message)| (field, message.into())).collect();
        Self { fields, ..Self::unreadable(errors.to_string()) }
    }

    /// The answer if the database had no time for the request. Nothing was written, so the client may repeat
    /// the request.
    fn busy(error: &(dyn StdError + 'static)) -> Self {
        tracing::warn!(
            error,
            "another transaction holds the database; answering that the server is busy"
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", Text::Busy)
    }

    /// Logs `error` and returns an answer without its text, which must not reach a page.
    fn internal(error: &(dyn StdError + 'static)) -> Self {
        tracing::error!(error, "could not answer a request; answering with an internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", Text::Internal)
    }

    /// Logs the panic of a handler and returns an answer without its message, which must not reach a page.
    pub(super) fn panicked(panicked: &Panicked) -> Self {
        tracing::error!(%panicked, "a request panicked; answering with an internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", Text::Internal)
    }

    /// Converts the error into JSON or into a page for `viewer`, as the request asks.
    pub(super) fn answer(self, web: &Web, viewer: &Viewer, headers: &HeaderMap) -> Response {
        let renderer = web.renderer_for(viewer);
        if wants_json(headers) {
            return self.into_json(renderer.language());
        }
        self.into_page(&renderer, &viewer.id)
    }

    /// Converts the error into a page.
    pub(super) fn into_page(self, renderer: &Renderer, viewer: &UserId) -> Response {
        let title = renderer.language().translate(self.title());
        let message = self.message.translate(renderer.language());
        let url = self.operation_url.as_deref();
        let page = renderer.refusal_page(&title, &message, url, viewer);
        with_retry_after((self.status, page).into_response())
    }

    /// Converts the error into the body of an answer, in `language`.
    pub(super) fn into_body(self, language: &Language) -> ErrorBody {
        ErrorBody {
            code: self.code,
            message: self.message.translate(language),
            url: self.operation_url,
            fields: self.fields,
        }
    }

    /// Converts the error into a JSON answer, for scripts and programs, regardless of their `Accept` header.
    pub(super) fn into_json(self, language: &Language) -> Response {
        let status = self.status;
        let body = Json(json!({ "error": self.into_body(language) }));
        with_retry_after((status, body).into_response())
    }

    fn title(&self) -> Text {
        match self.status {
            StatusCode::BAD_REQUEST => Text::BadRequestTitle,
            StatusCode::FORBIDDEN => Text::ForbiddenTitle,
            StatusCode::NOT_FOUND | StatusCode::MISDIRECTED_REQUEST => Text::NotFoundTitle,
            StatusCode::CONFLICT => Text::ConflictTitle,
            StatusCode::PAYLOAD_TOO_LARGE => Text::TooLargeTitle,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Text::UnsupportedTitle,
            StatusCode::UNPROCESSABLE_ENTITY => Text::InvalidTitle,
            StatusCode::TOO_MANY_REQUESTS => Text::TooManyTitle,
            StatusCode::SERVICE_UNAVAILABLE => Text::BusyTitle,
            _ => Text::InternalTitle,
        }
    }
}

/// Sets the time after which the client may repeat a request that found the database busy or exceeded a limit.
fn with_retry_after(mut response: Response) -> Response {
    let retry_after = match response.status() {
        StatusCode::SERVICE_UNAVAILABLE => BUSY_RETRY_AFTER,
        StatusCode::TOO_MANY_REQUESTS => LIMIT_RETRY_AFTER,
        _ => return response,
    };
    response.headers_mut().insert(header::RETRY_AFTER, retry_after);
    response
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        if error.is_busy() { Self::busy(&error) } else { Self::internal(&error) }
    }
}

impl From<ChannelError> for WebError {
    fn from(error: ChannelError) -> Self {
        Self::internal(&error)
    }
}

impl From<EmbedError> for WebError {
    fn from(error: EmbedError) -> Self {
        error.into_store_error().map_or_else(|error| Self::internal(&error), Self::from)
    }
}

impl From<EnqueueError> for WebError {
    fn from(error: EnqueueError) -> Self {
        match error {
            EnqueueError::InputTooLarge { bytes_max, found, .. } => {
                let (found, bytes_max) = (Some(found as u64), bytes_max as u64);
                Self::too_large(ErrorText::InputTooLarge { found, bytes_max })
            }
            EnqueueError::Store(error) => error.into(),
            error => Self::internal(&error),
        }
    }
}

impl From<RetryError> for WebError {
    fn from(error: RetryError) -> Self {
        match &error {
            RetryError::Refused(refusal) => match refusal.user_message() {
                Some(message) => Self::new(StatusCode::CONFLICT, "refused", message.to_owned()),
                None => {
                    tracing::error!(
                        traceback = refusal.traceback(),
                        "`on_retry` failed; the operation was not retried, and keeps its state"
                    );
                    Self::internal(&error)
                }
            },
            RetryError::Outdated(_) => {
                Self::new(StatusCode::CONFLICT, "outdated", Text::OutdatedInput)
            }
            RetryError::NotRegistered { .. } => {
                Self::new(StatusCode::CONFLICT, "not_registered", Text::NotRegistered)
            }
            RetryError::OtherVersion { .. } => {
                Self::new(StatusCode::CONFLICT, "other_version", Text::RetryInOtherVersion)
            }
            RetryError::Store(error) if error.is_busy() => Self::busy(error),
            RetryError::Store(_) => Self::internal(&error),
        }
    }
}

impl From<UploadError> for WebError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Quota { found, max } => {
                Self::too_large(ErrorText::QuotaReached { found, bytes_max: max })
            }
            UploadError::Folder(_) | UploadError::Io(_) => Self::internal(&error),
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

/// Returns `true` if a request asks for JSON: `Accept` prefers JSON to HTML, or the body is JSON and `Accept` names
/// neither.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let json = preference(headers, "application", "json");
    let html = preference(headers, "text", "html");
    if [json, html].into_iter().flatten().any(Preference::is_named) {
        json > html
    } else {
        media_type(headers) == "application/json"
    }
}

/// Returns `true` if a request names HTML in `Accept` and does not prefer JSON, as browsers do for pages.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let html = preference(headers, "text", "html");
    html.is_some_and(Preference::is_named) && html > preference(headers, "application", "json")
}

/// Returns `true` for a request of htmx or liveops.js, which stay on their page.
pub(super) fn is_partial(headers: &HeaderMap) -> bool {
    headers.get("hx-request").is_some_and(|value| value == "true")
}
