use axum::{
    Extension, Json,
    extract::Path,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use chrono::SecondsFormat;

use super::{
    embed::Embedded,
    error::{WebError, wants_json},
    json::OperationJson,
    look::Look,
    state::Web,
    viewer::{Authenticated, Viewer},
};
use crate::{
    language::{Language, Text},
    operation::{OperationKind, OperationState},
    render::{Subject, shown_log},
    store::{Model, StoreError},
};

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
        Ok(log_text(&web, &viewer, &found).await?)
    };
    match log.await {
        Ok(text) => text.into_response(),
        Err(error) => WebError::answer(error, &web, &viewer, &headers),
    }
}

async fn log_text(
    web: &Web,
    viewer: &Viewer,
    Found { kind, row }: &Found,
) -> Result<String, StoreError> {
    let language = web.renderer_for(viewer).language().clone();
    let live = web.engine().running.projection(row.operation_id());
    if live.is_none() && row.state() == OperationState::Started {
        // In another process, which has told what pages show of it.
        let look = Look::at(web.engine(), kind, row, None).await?;
        let (snapshot, _) = look.into_page(row.state());
        let lines = shown_log(&snapshot);
        let first = lines.first().map_or(0, |line| line.number);
        let lines = lines.iter().map(|line| text_line(&line.at, &line.level, &line.text));
        return Ok(text_lines(&language, first, lines));
    }
    let log = live.unwrap_or_else(|| row.projection(kind)).log;
    let lines = log.iter().map(|(_, line)| {
        let at = line.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        text_line(&at, line.level.as_str(), &line.text)
    });
    Ok(text_lines(&language, log.first_id(), lines))
}

fn text_lines(language: &Language, first: u64, lines: impl Iterator<Item = String>) -> String {
    let gone = || language.say_with(Text::LinesGone, [("lines", first.into())]);
    let gap = (first > 0).then(|| format!("[{}]\n", gone()));
    gap.into_iter().chain(lines).collect()
}

fn text_line(at: &str, level: &str, text: &str) -> String {
    format!("{at} {level:<7} {text}\n")
}
