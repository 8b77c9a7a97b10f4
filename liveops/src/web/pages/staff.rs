use axum::{
    Extension,
    extract::Path,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use maud::Markup;
use serde::Serialize;
use uuid::Uuid;

use super::page::{LoadedOperation, find};
use crate::{
    operation::OperationId,
    projection::kept,
    render::{ContainerOptions, StaffSection, StaffStage},
    store::{Model, StoreError},
    web::{
        auth::viewer::{Authenticated, Viewer},
        error::WebError,
        state::Web,
    },
};

/// How many bytes of an input are shown.
const INPUT_SHOWN_BYTES_MAX: usize = 16 << 10;

/// What staff see under an operation as it is now, for a page that is open. There is no such thing for
/// anybody else.
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
        let section = read(&web, &found).await?;
        Ok(web.renderer_for(&viewer).staff_content(&found.subject(), &section))
    };
    match content.await {
        Ok(content) => ([(header::CACHE_CONTROL, "no-store")], content).into_response(),
        Err(error) => error.answer(&web, &viewer, &headers),
    }
}

/// The section that a superuser has on the page of an operation; `None` for everybody else.
///
/// It is loaded again with the superuser's list: whenever the state of an operation changes.
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
    let section = read(web, found).await?;
    let renderer = web.renderer_for(viewer);
    Ok(Some(renderer.staff_section(&found.subject(), &section, &channel, &connection)))
}

async fn read(
    web: &Web,
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
        chained_from: linked(web, row.chained_from).await?,
        chained_to: linked(web, row.chained_to).await?,
        stages: stages.map(|(state, timing)| StaffStage { state, timing }).collect(),
        input: kept(&format!("{:#}", row.input), INPUT_SHOWN_BYTES_MAX).into_owned(),
    })
}

/// An operation with the path of its page; without it, once it was pruned or is not registered.
async fn linked(
    web: &Web,
    id: Option<Uuid>,
) -> Result<Option<(OperationId, Option<String>)>, StoreError> {
    let Some(id) = id.map(OperationId::from) else { return Ok(None) };
    let row = web.engine().store.find(id).await?;
    Ok(Some((id, row.and_then(|row| web.engine().presenter.page_url(&row)))))
}

/// What only staff read of an operation, as JSON.
#[derive(Debug, Serialize)]
pub(in crate::web) struct StaffJson {
    input: serde_json::Value,
    worker: Option<String>,
    queue: String,
    priority: i32,
    run_after: Option<DateTime<Utc>>,
    due_on: DateTime<Utc>,
    attempts_before: i32,
    chained_from: Option<OperationId>,
    chained_to: Option<OperationId>,
}

impl StaffJson {
    pub(in crate::web) fn of(row: &Model) -> Self {
        Self {
            input: row.input.clone(),
            worker: row.worker.clone(),
            queue: row.queue.clone(),
            priority: row.priority,
            run_after: row.run_after,
            due_on: row.due_on,
            attempts_before: row.attempts_before,
            chained_from: row.chained_from.map(OperationId::from),
            chained_to: row.chained_to.map(OperationId::from),
        }
    }
}
