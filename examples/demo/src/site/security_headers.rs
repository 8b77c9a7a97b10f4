//! The security headers of every page.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};

/// The policy: pages load resources only from this server, and have nothing inline.
const POLICY: &str = "default-src 'self'; base-uri 'self'; form-action 'self'; \
                      frame-ancestors 'none'; object-src 'none'";

/// Adds the security headers to an answer.
pub(super) async fn add(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
