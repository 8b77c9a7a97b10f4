//! The details of an operation that only staff may read, as a section of the live page and as JSON.

use axum::{
    Extension,
    extract::Path,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use maud::Markup;
use serde::Serialize;
use uuid::Uuid;

use super::{
    linked,
    page::{LoadedOperation, find},
};
use crate::{
    operation::{OperationId, PastAction},
    render::{ContainerOptions, StaffSection, StaffStage},
    store::{Model, StoreError},
    web::{
        auth::viewer::{Authenticated, Viewer},
        error::WebError,
        state::Web,
    },
};

/// Answers with the current staff section of an operation, for an open page. Viewers who are not staff get a
/// 404.
pub(in crate::web) async fn staff<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let content = async {
        if !viewer.is_staff {
            return Err(WebError::not_found());
        }
        let found = find(&web, &viewer, &path).await?;
        let section = read(&web, &viewer, &found).await?;
        Ok(web.renderer_for(&viewer).staff_content(&found.subject(), &section))
    };
    match content.await {
        Ok(content) => content.into_response(),
        Err(error) => error.answer(&web, &viewer, &headers),
    }
}

/// Renders the staff section of an operation's page. Returns `None` for viewers who are not staff.
///
/// The section follows the channel of the staff list, so the page reloads it whenever the state of an
/// operation changes.
pub(in crate::web) async fn section(
    web: &Web,
    viewer: &Viewer,
    found: &LoadedOperation,
) -> Result<Option<Markup>, WebError> {
    if !viewer.is_staff {
        return Ok(None);
    }
    let channel = viewer.list_channel();
    let token = web.engine().keys.sign(&viewer.id, &channel)?;
    let connection = ContainerOptions { token: Some(token), ..ContainerOptions::default() };
    let section = read(web, viewer, found).await?;
    let renderer = web.renderer_for(viewer);
    Ok(Some(renderer.staff_section(&found.subject(), Some(&section), &channel, &connection)))
}

async fn read(
    web: &Web,
    viewer: &Viewer,
    LoadedOperation { kind, row }: &LoadedOperation,
) -> Result<StaffSection, StoreError> {
    let projection = web.engine().projection_of(kind, row);
    let stages = projection.stages.into_iter().zip(projection.stage_timings);
    Ok(StaffSection {
        owner: row.owner_id(),
        attempts: row.attempts(),
        attempts_before: u32::try_from(row.attempts_before).unwrap_or(0),
        worker: row.worker.clone(),
        queue: row.queue.clone(),
        priority: row.priority,
        run_after: row.run_after,
        created_on: row.created_on,
        due_on: row.due_on,
        started_on: row.started_on,
        finished_on: row.finished_on,
        chained_from: linked(web, viewer, row.chained_from).await?,
        chained_to: linked(web, viewer, row.chained_to).await?,
        actions: web.engine().store.actions(row).await?,
        past_attempts: web.engine().store.past_attempts(row).await?,
        stages: stages.map(|(state, timing)| StaffStage { state, timing }).collect(),
        input: row.input.clone(),
    })
}

/// Returns an operation with the path of its page. The path is `None` if the operation was pruned, or if the
/// viewer may not see it.
async fn linked(
    web: &Web,
    viewer: &Viewer,
    id: Option<Uuid>,
) -> Result<Option<(OperationId, Option<String>)>, StoreError> {
    let Some(id) = id.map(OperationId::from) else { return Ok(None) };
    let row = linked::find(web.engine(), viewer, Some(id.as_uuid())).await?;
    Ok(Some((id, row.map(|row| web.engine().presenter.page_url(&row)))))
}

/// The fields of an operation that only staff may read, as JSON.
#[derive(Debug, Serialize)]
pub(in crate::web) struct StaffJson {
    input: serde_json::Value,
    worker: Option<String>,
    queue: String,
    priority: i32,
    run_after: Option<DateTime<Utc>>,
    due_on: DateTime<Utc>,
    attempts_before: i32,
    actions: Vec<ActionJson>,
}

/// An action on an operation, as JSON.
#[derive(Debug, Serialize)]
struct ActionJson {
    at: DateTime<Utc>,
    action: &'static str,
    /// `None` for the application.
    actor: Option<String>,
}

impl From<PastAction> for ActionJson {
    fn from(PastAction { at, action, .. }: PastAction) -> Self {
        let actor = action.actor.map(|actor| actor.to_string());
        Self { at, action: action.kind.as_str(), actor }
    }
}

impl StaffJson {
    pub(in crate::web) fn of(row: &Model, actions: Vec<PastAction>) -> Self {
        Self {
            input: row.input.clone(),
            worker: row.worker.clone(),
            queue: row.queue.clone(),
            priority: row.priority,
            run_after: row.run_after,
            due_on: row.due_on,
            attempts_before: row.attempts_before,
            actions: actions.into_iter().map(ActionJson::from).collect(),
        }
    }
}
