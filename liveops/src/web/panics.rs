//! The answer to a request whose handler panicked, for example in code of the application.

use axum::{Extension, extract::Request, middleware::Next, response::Response};

use super::{
    auth::viewer::{Viewer, accepted_languages},
    error::WebError,
    state::Web,
};
use crate::panic::CatchPanic;

/// Answers with an internal error if the handler, or an extractor of the application, panics. Without an
/// answer, the server would close the connection, and the user would see an error of the browser.
///
/// The viewer may not be known, so the answer uses the language of the `Accept-Language` header.
pub(super) async fn answer_panics(
    Extension(web): Extension<Web>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers().clone();
    match CatchPanic::new(next.run(request)).await {
        Ok(response) => response,
        Err(panicked) => {
            let viewer = Viewer { languages: accepted_languages(&headers), ..Viewer::new("") };
            WebError::panicked(&panicked).answer(&web, &viewer, &headers)
        }
    }
}
