use axum::{extract::State, http::header, response::IntoResponse};

use super::Site;

/// The format of Prometheus.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What was counted and measured in this process.
pub(super) async fn show(State(site): State<Site>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], site.recorder.render())
}
