//! The live page of one operation, and the lookup of an operation by its path.

use axum::{
    Extension, Json,
    extract::Path,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use maud::html;

use super::{
    attempts, details,
    embed::Embedded,
    json::OperationJson,
    linked::ChainJson,
    staff::{self, StaffJson},
};
use crate::{
    language::Text,
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

/// Returns the operation at a path. Its type need not be registered: the owner can still see and cancel it.
///
/// # Errors
///
/// Returns a 404 error if the operation does not exist or the viewer may not see it.
pub(in crate::web) async fn find(
    web: &Web,
    viewer: &Viewer,
    (op_type, id): &(String, String),
) -> Result<LoadedOperation, WebError> {
    let id = id.parse().map_err(|_| WebError::not_found())?;
    let row = web.engine().store.find(id).await?.ok_or_else(WebError::not_found)?;
    if row.op_type == *op_type && web.engine().access.may_see(viewer, &row) {
        Ok(LoadedOperation { kind: web.engine().presenter.kind_of(&row), row })
    } else {
        Err(WebError::not_found())
    }
}

/// Returns the operation at a path, which the viewer may cancel and retry.
///
/// # Errors
///
/// Returns a 404 error like [`find`], and a 403 error if the viewer may only see the operation.
pub(in crate::web) async fn find_to_act(
    web: &Web,
    viewer: &Viewer,
    path: &(String, String),
) -> Result<LoadedOperation, WebError> {
    let found = find(web, viewer, path).await?;
    check_may_act(web, viewer, &found.row)?;
    Ok(found)
}

/// Returns a 403 error if the viewer may not cancel and retry an operation that the viewer may see.
pub(in crate::web) fn check_may_act(
    web: &Web,
    viewer: &Viewer,
    row: &Model,
) -> Result<(), WebError> {
    let may_act = web.engine().access.may_act(viewer, row);
    may_act.then_some(()).ok_or_else(|| WebError::forbidden(Text::NotAllowed))
}

/// Answers with the live page of one operation, or with the operation as JSON.
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

/// Cache header of a live page: only the browser may store the page, and must revalidate it.
///
/// `no-store` would keep a page with a WebSocket out of the back-forward cache. A page from that cache has an
/// old token and shows an old state; liveops.js renews both.
pub(in crate::web) const LIVE_PAGE: &str = "private, no-cache";

async fn show(
    web: &Web,
    viewer: &Viewer,
    found: LoadedOperation,
    as_json: bool,
) -> Result<Response, WebError> {
    let (staff, details) = if as_json {
        (None, None)
    } else {
        (staff::section(web, viewer, &found).await?, details::section(web, viewer, &found))
    };
    let subject = found.subject();
    let LoadedOperation { kind, row } = found;
    let description = row.description.clone();
    let Embedded { container, token, cursor } =
        Embedded::load(web.engine(), viewer, &kind, &row).await?;
    if as_json {
        let staff = match viewer.is_staff {
            true => Some(StaffJson::of(&row, web.engine().store.actions(&row).await?)),
            false => None,
        };
        let entered =
            details::entered_input(web.engine(), viewer, &row).filter(|_| staff.is_none());
        let history = attempts::over(web.engine(), &row).await?;
        let chain = ChainJson::visible(web.engine(), viewer, &row).await?;
        let json = OperationJson::new(web, viewer, row).for_staff(staff).with_chain(chain);
        let json = json.with_input(entered).with_history(history);
        let json = json.connected(token, Some(cursor));
        return Ok(Json(json).into_response());
    }
    let renderer = web.renderer_for(viewer);
    // After the container, which has content for all viewers.
    let content = html! { (container) (renderer.viewer_sections(details, staff)) };
    let page = renderer.operation_page(&subject, description, &viewer.id, content);
    Ok(([(header::CACHE_CONTROL, LIVE_PAGE)], page).into_response())
}
