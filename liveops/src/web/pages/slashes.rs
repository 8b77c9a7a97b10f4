//! Redirects from addresses with a missing or an extra slash at their end.

use axum::{
    Extension, Router,
    extract::{Path, RawQuery},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
    routing::any,
};

use crate::{
    operation::OperationId,
    web::{
        auth::viewer::{Viewer, accepted_languages},
        error::WebError,
        state::Web,
    },
};

/// The last parts of addresses of an operation that have no slash at their end.
const PARTS: [&str; 8] =
    ["events", "log", "attempts", "details", "staff", "cancel", "retry", "restart"];

/// Returns the routes below `mount` that redirect to the address with the correct slash. The status 308 keeps the
/// method and the body of a request.
pub(in crate::web) fn redirects<S: Clone + Send + Sync + 'static>(mount: &str) -> Router<S> {
    let at = |path: &str| format!("{mount}{path}");
    let mut router = Router::new();
    for path in ["/bulk", "/events", "/token"] {
        let right = at(path);
        let redirect = move |RawQuery(query): RawQuery| async move { to(&right, query) };
        router = router.route(&at(&format!("{path}/")), any(redirect));
    }
    if mount.is_empty() {
        // If the mount is the root of the site, all other addresses belong to the application.
        return router;
    }
    let list = at("/");
    let redirect = move |RawQuery(query): RawQuery| async move { to(&list, query) };
    router
        .route(mount, any(redirect))
        .route(&at("/{op_type}"), any(of_type))
        .route(&at("/{op_type}/{id}"), any(of_operation))
        .route(&at("/{op_type}/{id}/{part}/"), any(of_part))
        .route(&at("/{op_type}/{id}/attempts/{number}/"), any(of_attempt))
}

async fn of_type(
    Extension(web): Extension<Web>,
    Path(op_type): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if !is_op_type(&op_type) {
        return not_found(&web, &headers);
    }
    to(&format!("{}/{op_type}/", web.liveops.mount()), query)
}

async fn of_operation(
    Extension(web): Extension<Web>,
    Path((op_type, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match id.parse::<OperationId>() {
        Ok(id) if is_op_type(&op_type) => to(&web.liveops.url(&op_type, id), query),
        _ => not_found(&web, &headers),
    }
}

async fn of_part(
    Extension(web): Extension<Web>,
    Path((op_type, id, part)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match id.parse::<OperationId>() {
        Ok(id) if is_op_type(&op_type) && PARTS.contains(&part.as_str()) => {
            to(&format!("{}{part}", web.liveops.url(&op_type, id)), query)
        }
        _ => not_found(&web, &headers),
    }
}

async fn of_attempt(
    Extension(web): Extension<Web>,
    Path((op_type, id, number)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match (id.parse::<OperationId>(), number.parse::<u64>()) {
        (Ok(id), Ok(number)) if is_op_type(&op_type) => {
            to(&format!("{}attempts/{number}", web.liveops.url(&op_type, id)), query)
        }
        _ => not_found(&web, &headers),
    }
}

/// Returns `true` for the characters of an operation type. The address of a redirect contains only these characters, so
/// that it cannot lead to another site.
fn is_op_type(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
}

fn to(path: &str, query: Option<String>) -> Response {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::permanent(&format!("{path}{query}")).into_response()
}

fn not_found(web: &Web, headers: &HeaderMap) -> Response {
    let viewer = Viewer { languages: accepted_languages(headers), ..Viewer::new("") };
    WebError::not_found().answer(web, &viewer, headers)
}
