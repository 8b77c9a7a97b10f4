//! The cross-site check of unsafe requests and of WebSocket upgrades.

use axum::http::{HeaderMap, HeaderValue, Uri, header};

use super::host::Authority;
use crate::config::Config;

/// Returns `true` if a request does not come from a page of another site.
///
/// Browsers report the origin of a request in `Sec-Fetch-Site`, older browsers in `Origin`. A request with
/// neither header does not come from a browser, and carries no cookies that its sender did not set.
pub(in crate::web) fn is_from_here(
    config: &Config,
    uri: Option<&Uri>,
    headers: &HeaderMap,
) -> bool {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(b"same-origin" | b"none") => true,
        Some(_) => is_allowed_origin(config, headers),
        None => is_same_origin(uri, headers) || is_allowed_origin(config, headers),
    }
}

/// Returns `true` if a request has no origin or the application's own origin.
fn is_same_origin(uri: Option<&Uri>, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let own = Authority::of_request(uri, headers);
    let origin = origin.to_str().ok();
    own.zip(origin).is_some_and(|(own, origin)| own.is_of_origin(origin))
}

fn is_allowed_origin(config: &Config, headers: &HeaderMap) -> bool {
    headers
        .get(header::ORIGIN)
        .is_some_and(|origin| config.allowed_origins.iter().any(|allowed| origin == allowed))
}
