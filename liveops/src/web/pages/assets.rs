//! The embedded scripts and style sheets.

use axum::{
    Extension,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::web::state::Web;

/// Cache header for a year without revalidation: the name of a file changes with its content.
const CACHED_FOR_A_YEAR: &str = "public, max-age=31536000, immutable";

pub(in crate::web) async fn serve(
    Extension(web): Extension<Web>,
    Path(name): Path<String>,
) -> Response {
    match web.engine().renderer().assets().find(&name) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, CACHED_FOR_A_YEAR),
            ];
            (headers, asset.content).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
