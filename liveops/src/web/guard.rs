//! The protection of routes against other sites and hosts, and the security headers of answers.

use std::sync::atomic::Ordering;

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};

use super::{
    auth::{
        origin::{authority_of, is_from_here},
        viewer::accepted_languages,
    },
    error::{WebError, wants_page},
    state::Web,
};
use crate::{
    language::Text,
    runner::{Engine, LiveOps},
};

/// Headers for every answer that lacks them. They forbid the guessing of media types, frames on other sites, and a
/// `Referer` in requests to other sites.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];

/// Cache header of every answer about a viewer's data.
pub(super) const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// Protects the application's own routes as [`router`](crate::web::router) protects those of liveops. A middleware for
/// [`axum::middleware::from_fn_with_state`].
///
/// - A request for a host that is not in [`Config::allowed_hosts`](crate::Config::allowed_hosts) gets 421, if the list
///   is not empty.
/// - A request with an unsafe method (all but GET, HEAD, OPTIONS and TRACE) from a page of another site gets 403.
///   Browsers report the site in `Sec-Fetch-Site`, older browsers in `Origin`. Forms, including the sign-in, therefore
///   need no CSRF tokens. [`Config::allowed_origins`](crate::Config::allowed_origins) lists exceptions.
/// - An answer without the headers `X-Content-Type-Options: nosniff`, `X-Frame-Options: SAMEORIGIN` and
///   `Referrer-Policy: same-origin` gets them. An answer that already has one of these headers keeps its value.
///
/// The layer does not change `Cache-Control`. A page of the application that embeds an operation must set this header,
/// like every private page.
///
/// Requests without a browser, such as those of health checks, have neither `Sec-Fetch-Site` nor `Origin` and pass;
/// their `Host` must be in the list too. Add routes that must answer for every host after the layer.
///
/// ```
/// use axum::{Router, middleware, routing::post};
/// use liveops::{LiveOps, web};
///
/// fn routes(liveops: &LiveOps) -> Router {
///     Router::new()
///         .route("/login", post(async || "signed in"))
///         .layer(middleware::from_fn_with_state(liveops.clone(), web::guard))
/// }
/// ```
pub async fn guard(State(liveops): State<LiveOps>, request: Request, next: Next) -> Response {
    let answer = match refusal(liveops.engine(), &request) {
        Some(refusal) => refuse(liveops.engine(), request.headers(), refusal),
        None => next.run(request).await,
    };
    with_security_headers(answer)
}

/// Protects the routes of liveops.
pub(super) async fn guard_own(
    Extension(web): Extension<Web>,
    request: Request,
    next: Next,
) -> Response {
    let engine = web.engine();
    match refusal(engine, &request) {
        Some(refusal) => refuse(engine, request.headers(), refusal),
        None => next.run(request).await,
    }
}

/// Adds the headers that an answer about a viewer's data needs and lacks.
pub(super) async fn complete_headers(answer: Response) -> Response {
    let mut answer = with_security_headers(answer);
    let headers = answer.headers_mut();
    let is_public = |caching: &HeaderValue| caching.as_bytes().starts_with(b"public");
    if !headers.get(header::CACHE_CONTROL).is_some_and(is_public) {
        headers.entry(header::CACHE_CONTROL).or_insert(PRIVATE);
        let vary = HeaderValue::from_static("Accept, Accept-Language, HX-Request");
        headers.entry(header::VARY).or_insert(vary);
    }
    answer
}

fn with_security_headers(mut answer: Response) -> Response {
    for (name, value) in SECURITY_HEADERS {
        answer.headers_mut().entry(name).or_insert(value);
    }
    answer
}

fn refusal(engine: &Engine, request: &Request) -> Option<WebError> {
    if !is_allowed_host(engine, request) {
        return Some(WebError::new(
            StatusCode::MISDIRECTED_REQUEST,
            "unknown_host",
            Text::UnknownHost,
        ));
    }
    let is_safe = request.method().is_safe();
    let is_from_here = || is_from_here(&engine.config, request.uri(), request.headers());
    (!is_safe && !is_from_here()).then(|| WebError::forbidden(Text::OtherSite))
}

fn is_allowed_host(engine: &Engine, request: &Request) -> bool {
    let host = authority_of(request.uri(), request.headers());
    let allowed = &engine.config.allowed_hosts;
    if !allowed.is_empty() {
        return host.is_some_and(|host| allowed.iter().any(|allowed| host.is_allowed_by(allowed)));
    }
    if let Some(host) = host.filter(|host| !host.is_loopback())
        && !engine.has_warned_of_hosts.swap(true, Ordering::Relaxed)
    {
        tracing::warn!(
            %host,
            "answered a request for this host, because `Config::allowed_hosts` is empty; list the hosts of the \
             application, or \"*\" if a proxy checks hosts; without a list, DNS rebinding is possible"
        );
    }
    true
}

/// Returns the answer to a refused request. The viewer is not known yet, so the answer uses the language of the
/// `Accept-Language` header.
fn refuse(engine: &Engine, headers: &HeaderMap, refusal: WebError) -> Response {
    let accepted = accepted_languages(headers).unwrap_or_default();
    let renderer = engine.renderer().with_language(&accepted);
    if wants_page(headers) {
        refusal.into_page(&renderer, &"".into())
    } else {
        refusal.into_json(renderer.language())
    }
}
