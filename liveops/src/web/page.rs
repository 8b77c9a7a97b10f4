use axum::{
    Extension, Json,
    extract::Path,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

use super::{
    embed::Embedded,
    error::{WebError, wants_json},
    json::OperationJson,
    log_text::log_text,
    state::Web,
    viewer::{Authenticated, Viewer},
};
use crate::{operation::OperationKind, render::Subject, store::Model};

/// An operation that a viewer may see.
pub(super) struct Found {
    pub(super) kind: OperationKind,
    pub(super) row: Model,
}

/// The operation at a path, if the viewer may know of it.
pub(super) async fn find(
    web: &Web,
    viewer: &Viewer,
    (op_type, id): &(String, String),
) -> Result<Found, WebError> {
    let id = id.parse().map_err(|_| WebError::not_found())?;
    let operation = web.engine().registry.find(op_type).ok_or_else(WebError::not_found)?;
    let row = web.engine().store.find(id).await?.ok_or_else(WebError::not_found)?;
    if row.op_type == *op_type && viewer.may_see(&row) {
        Ok(Found { kind: operation.kind, row })
    } else {
        Err(WebError::not_found())
    }
}

/// The live page of one operation, or the operation as JSON.
pub(super) async fn page<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let page = async {
        let found = find(&web, &viewer, &path).await?;
        show(&web, &viewer, found, wants_json(&headers)).await
    };
    page.await.unwrap_or_else(|error: WebError| error.answer(&web, &viewer, &headers))
}

/// How a page that follows something is cached: by its browser alone, and asked for again.
///
/// Not `no-store`, which keeps a page that had a WebSocket out of the back-forward cache. What comes
/// back from there has an old token and shows an old state, and liveops.js renews both.
pub(super) const LIVE_PAGE: &str = "private, no-cache";

async fn show(
    web: &Web,
    viewer: &Viewer,
    Found { kind, row }: Found,
    as_json: bool,
) -> Result<Response, WebError> {
    let Embedded { container, token, cursor } =
        Embedded::look(web.engine(), viewer, &kind, &row).await?;
    if as_json {
        let json = OperationJson::new(web, viewer, &kind, row).connected(token, Some(cursor));
        return Ok(([(header::CACHE_CONTROL, "no-store")], Json(json)).into_response());
    }
    let subject = Subject { kind, id: row.operation_id() };
    let page = web.renderer_for(viewer).operation_page(&subject, &viewer.id, container);
    Ok(([(header::CACHE_CONTROL, LIVE_PAGE)], page).into_response())
}

/// The log as text: while the operation runs what is kept of it, afterwards what was written to
/// its row.
pub(super) async fn log<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let log = async {
        let found = find(&web, &viewer, &path).await?;
        let language = web.renderer_for(&viewer).language().clone();
        Ok(log_text(web.engine(), &language, &found.kind, &found.row).await?)
    };
    match log.await {
        Ok(text) => text.into_response(),
        Err(error) => WebError::answer(error, &web, &viewer, &headers),
    }
}
