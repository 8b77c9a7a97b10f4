//! Cancel and retry of one operation.

use axum::{
    Extension, Json,
    extract::Path,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};

use super::{json::OperationJson, page::find_to_act};
use crate::{
    language::Text,
    operation::{Action, ActionKind},
    runner::{CancelOutcome, RetryOutcome},
    store::Model,
    web::{
        auth::viewer::{Authenticated, Viewer},
        error::{WebError, is_partial, wants_json},
        state::Web,
    },
};

/// Requests the cancellation of an operation.
pub(in crate::web) async fn cancel<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let cancel = async {
        let found = find_to_act(&web, &viewer, &path).await?;
        let action = Action::of(ActionKind::Cancel, &viewer.id);
        cancel_one(&web, &found.row, action).await?;
        done(&web, &viewer, &found.row, &headers).await
    };
    cancel.await.unwrap_or_else(|error: WebError| error.answer(&web, &viewer, &headers))
}

/// Retries an operation that has ended.
pub(in crate::web) async fn retry<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let retry = async {
        let found = find_to_act(&web, &viewer, &path).await?;
        let action = Action::of(ActionKind::Retry, &viewer.id);
        retry_one(&web, &found.row, action).await?;
        done(&web, &viewer, &found.row, &headers).await
    };
    retry.await.unwrap_or_else(|error: WebError| error.answer(&web, &viewer, &headers))
}

pub(in crate::web) async fn cancel_one(
    web: &Web,
    row: &Model,
    action: Action,
) -> Result<(), WebError> {
    match web.liveops.cancel_by(row.operation_id(), action).await? {
        CancelOutcome::Cancelled | CancelOutcome::Requested => Ok(()),
        CancelOutcome::Ended => {
            Err(WebError::new(StatusCode::CONFLICT, "already_ended", Text::AlreadyEnded))
        }
        CancelOutcome::Unknown => Err(WebError::not_found()),
    }
}

pub(in crate::web) async fn retry_one(
    web: &Web,
    row: &Model,
    action: Action,
) -> Result<(), WebError> {
    match web.liveops.retry_by(row.operation_id(), action).await? {
        RetryOutcome::Retried => Ok(()),
        RetryOutcome::Duplicate(id) => Err(WebError::duplicate(web.liveops.url(&row.op_type, id))),
        RetryOutcome::Unfinished => {
            Err(WebError::new(StatusCode::CONFLICT, "not_ended", Text::NotEnded))
        }
        RetryOutcome::Unknown => Err(WebError::not_found()),
    }
}

/// Returns the answer to a successful action: no content for htmx and liveops.js, the operation for JSON
/// clients, and a redirect to the live page for browsers without scripts.
async fn done(
    web: &Web,
    viewer: &Viewer,
    row: &Model,
    headers: &HeaderMap,
) -> Result<Response, WebError> {
    let id = row.operation_id();
    if is_partial(headers) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    if !wants_json(headers) {
        return Ok(Redirect::to(&web.liveops.url(&row.op_type, id)).into_response());
    }
    let row = web.liveops.find(id).await?.ok_or_else(WebError::not_found)?;
    Ok(Json(OperationJson::new(web, viewer, row)).into_response())
}
