//! The cross-site check of unsafe requests and of WebSocket upgrades.

use axum::{
    Extension,
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::viewer::accepted_languages;
use crate::{
    language::Text,
    web::{error::WebError, state::Web},
};

/// Refuses unsafe requests that come from the page of another site.
///
/// Browsers report the origin of a request in `Sec-Fetch-Site`, older browsers in `Origin`. A request with
/// neither header does not come from a browser, and carries no cookies that its sender did not set.
///
/// The viewer is not known yet, so the refusal uses the language of the `Accept-Language` header.
pub(in crate::web) async fn refuse_cross_site(
    Extension(web): Extension<Web>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let is_from_here = match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(b"same-origin" | b"none") => true,
        Some(_) => is_allowed_origin(&web, headers),
        None => is_same_origin(&web, headers),
    };
    if request.method().is_safe() || is_from_here {
        next.run(request).await
    } else {
        let accepted = accepted_languages(headers).unwrap_or_default();
        let renderer = web.engine().renderer().with_language(&accepted);
        WebError::forbidden(Text::OtherSite).into_json(renderer.language())
    }
}

/// Returns `true` if a request has no origin, the application's own origin, or an allowed one.
pub(in crate::web) fn is_same_origin(web: &Web, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    // An empty origin host must not match an empty `Host` header.
    let host = origin.map(|(_, host)| host).filter(|host| !host.is_empty());
    let own = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    (host.is_some() && host == own) || is_allowed_origin(web, headers)
}

fn is_allowed_origin(web: &Web, headers: &HeaderMap) -> bool {
    let allowed = &web.engine().config.allowed_origins;
    headers
        .get(header::ORIGIN)
        .is_some_and(|origin| allowed.iter().any(|allowed| origin == allowed))
}
