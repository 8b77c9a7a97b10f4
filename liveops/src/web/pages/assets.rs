use axum::{
    Extension,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::web::state::Web;

/// The names change with the contents, so a browser asks once and never again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

pub(in crate::web) async fn serve(
    Extension(web): Extension<Web>,
    Path(name): Path<String>,
) -> Response {
    match web.engine().renderer().assets().find(&name) {
        Some(asset) => {
            let headers =
                [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, FOR_EVER)];
            (headers, asset.content).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
