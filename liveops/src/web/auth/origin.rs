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

/// Refuses requests that change something and come from another site's page.
///
/// Browsers say where a request comes from in `Sec-Fetch-Site`; older ones in `Origin`. A request
/// with neither is not a browser's, and carries no cookies that it was not given.
///
/// Whose request it is nobody has looked at yet, so the refusal is in a language that the browser asks for.
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

/// Whether a request has no origin, the application's own, or one that is allowed.
pub(in crate::web) fn is_same_origin(web: &Web, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    // Nobody at all is not the same host as nobody at all.
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
