use axum::{
    Extension, Json,
    extract::Path,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use maud::html;

use super::{
    embed::Embedded,
    json::OperationJson,
    log_text::log_text,
    staff::{self, StaffJson},
};
use crate::{
    operation::OperationKind,
    render::Subject,
    store::Model,
    web::{
        auth::viewer::{Authenticated, Viewer},
        error::{WebError, wants_json},
        state::Web,
    },
};

/// An operation that a viewer may see.
pub(in crate::web) struct LoadedOperation {
    pub(in crate::web) kind: OperationKind,
    pub(in crate::web) row: Model,
}

impl LoadedOperation {
    pub(in crate::web) fn subject(&self) -> Subject {
        Subject { kind: self.kind, id: self.row.operation_id() }
    }
}

/// The operation at a path, if the viewer may know of it.
pub(in crate::web) async fn find(
    web: &Web,
    viewer: &Viewer,
    (op_type, id): &(String, String),
) -> Result<LoadedOperation, WebError> {
    let id = id.parse().map_err(|_| WebError::not_found())?;
    let operation = web.engine().registry.find(op_type).ok_or_else(WebError::not_found)?;
    let row = web.engine().store.find(id).await?.ok_or_else(WebError::not_found)?;
    if row.op_type == *op_type && viewer.may_see(&row) {
        Ok(LoadedOperation { kind: operation.kind, row })
    } else {
        Err(WebError::not_found())
    }
}

/// The live page of one operation, or the operation as JSON.
pub(in crate::web) async fn page<V>(
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
pub(in crate::web) const LIVE_PAGE: &str = "private, no-cache";

async fn show(
    web: &Web,
    viewer: &Viewer,
    found: LoadedOperation,
    as_json: bool,
) -> Result<Response, WebError> {
    let staff = if as_json { None } else { staff::section(web, viewer, &found).await? };
    let subject = found.subject();
    let LoadedOperation { kind, row } = found;
    let Embedded { container, token, cursor } =
        Embedded::load(web.engine(), viewer, &kind, &row).await?;
    if as_json {
        let staff = viewer.is_staff.then(|| StaffJson::of(&row));
        let json = OperationJson::new(web, viewer, row).for_staff(staff);
        let json = json.connected(token, Some(cursor));
        return Ok(([(header::CACHE_CONTROL, "no-store")], Json(json)).into_response());
    }
    // Behind the container and not in it, which is replaced when another operation takes over.
    let content = html! { (container) (staff.unwrap_or_default()) };
    let page = web.renderer_for(viewer).operation_page(&subject, &viewer.id, content);
    Ok(([(header::CACHE_CONTROL, LIVE_PAGE)], page).into_response())
}

/// The log as text: while the operation runs what is kept of it, afterwards what was written to
/// its row.
pub(in crate::web) async fn log<V>(
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
