//! The route of the metrics.

use axum::{extract::State, http::header, response::IntoResponse};

use super::Site;

/// The content type of the Prometheus text format.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Returns the metrics of this process.
pub(super) async fn show(State(site): State<Site>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], site.recorder.render())
}
