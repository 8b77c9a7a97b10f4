//! The error type of the handlers.

use std::error::Error;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::html;

use crate::layout::layout;

/// An error of a request, with the message for its sender.
pub(crate) struct AppError(pub(crate) StatusCode, pub(crate) &'static str);

impl<E: Into<Box<dyn Error>>> From<E> for AppError {
    fn from(error: E) -> Self {
        eprintln!("failed to answer a request: {:?}", error.into());
        Self(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here.")
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        let body =
            html! { h1 { "Sorry" } p class="error" { (message) } p { a href="/" { "Back" } } };
        (status, layout("Sorry", None, &html! {}, &body)).into_response()
    }
}
