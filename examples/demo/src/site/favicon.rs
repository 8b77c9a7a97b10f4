//! The icon of the browser tab.

use axum::http::{HeaderName, header};

pub(super) const PATH: &str = "/favicon.svg";

/// The icon of the browser tab; without it every page would log a missing file.
pub(super) async fn show() -> ([(HeaderName, &'static str); 2], &'static str) {
    let headers =
        [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")];
    (headers, include_str!("../../assets/favicon.svg"))
}
