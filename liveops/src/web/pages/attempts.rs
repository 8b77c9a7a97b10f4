//! The attempts of an operation that are over, as a part of its page, as pages of their own and as JSON.

use axum::{
    Extension, Json,
    extract::Path,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::page::find;
use crate::{
    event::{Bar, LogLine, Measure},
    operation::{Attempt, AttemptOutcome},
    projection::{PastAttempt, PastAttemptDetails, StageRecord},
    runner::Engine,
    store::{Model, StoreError},
    web::{
        auth::viewer::{Authenticated, Viewer},
        error::{WebError, wants_json},
        state::Web,
    },
};

/// An attempt that is over, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct PastAttemptJson {
    number: u64,
    outcome: AttemptOutcome,
    error: Option<String>,
    started_on: DateTime<Utc>,
    ended_on: DateTime<Utc>,
    percent: Option<f64>,
    bar: Option<BarJson>,
    /// `None` for viewers who are not staff.
    worker: Option<String>,
}

/// The position of a bar.
#[derive(Debug, Serialize)]
struct BarJson {
    done: Option<u64>,
    total: Option<u64>,
    percent: Option<f64>,
    unit: Option<String>,
    label: Option<String>,
}

/// An attempt that is over, with everything that was kept of it.
#[derive(Debug, Serialize)]
struct PastAttemptDetailsJson {
    #[serde(flatten)]
    attempt: PastAttemptJson,
    stages: Vec<StageRecord>,
    log: Vec<LogLine>,
    result: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceback: Option<String>,
}

impl PastAttemptJson {
    /// Converts an attempt, with its worker if the reader `is_staff`.
    pub(crate) fn of(past: PastAttempt, is_staff: bool) -> Self {
        Self {
            number: past.number,
            outcome: past.outcome,
            error: past.error,
            started_on: past.started_on,
            ended_on: past.ended_on,
            percent: past.percent,
            bar: past.bar.map(BarJson::from),
            worker: past.worker.filter(|_| is_staff),
        }
    }
}

impl From<Bar> for BarJson {
    fn from(bar: Bar) -> Self {
        let (done, total, percent) = match bar.measure {
            Measure::Count { done, total } => (Some(done), total, None),
            Measure::Percent(percent) => (None, None, Some(percent)),
        };
        let text = |text: std::sync::Arc<str>| text.to_string();
        Self { done, total, percent, unit: bar.unit.map(text), label: bar.label.map(text) }
    }
}

/// Returns the attempts of an operation that are over, the earliest first. Asks the database only if there can be
/// one.
///
/// # Errors
///
/// Returns an error if the database fails.
pub(crate) async fn over(engine: &Engine, row: &Model) -> Result<Vec<PastAttempt>, StoreError> {
    if row.attempt_number() <= Attempt(1) && !row.state().is_terminal() {
        return Ok(Vec::new());
    }
    engine.store.past_attempts(row).await
}

/// Returns the attempts that are over, without the one that the page of the operation shows.
///
/// # Errors
///
/// Returns an error if the database fails.
pub(crate) async fn earlier(engine: &Engine, row: &Model) -> Result<Vec<PastAttempt>, StoreError> {
    if row.attempt_number() <= Attempt(1) {
        return Ok(Vec::new());
    }
    let mut attempts = engine.store.past_attempts(row).await?;
    attempts.retain(|past| row.started_on != Some(past.started_on));
    Ok(attempts)
}

/// Answers with the earlier attempts of an operation, for its open page, or with all that are over as JSON.
pub(in crate::web) async fn attempts<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let found = find(&web, &viewer, &path).await?;
        if wants_json(&headers) {
            let attempts = over(web.engine(), &found.row).await?.into_iter();
            let attempts = attempts.map(|past| PastAttemptJson::of(past, viewer.is_staff));
            return Ok(Json(attempts.collect::<Vec<_>>()).into_response());
        }
        let attempts = earlier(web.engine(), &found.row).await?;
        let renderer = web.engine().presenter.renderer_for_row(&found.row);
        Ok(renderer.earlier_attempts(&found.subject(), &attempts).into_response())
    };
    answer.await.unwrap_or_else(|error: WebError| error.answer(&web, &viewer, &headers))
}

/// Answers with an attempt that is over, with its result.
pub(in crate::web) async fn attempt<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path((op_type, id, number)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let found = find(&web, &viewer, &(op_type, id)).await?;
        let number = number.parse().map_err(|_| WebError::not_found())?;
        let past = web.engine().store.past_attempt(&found.row, &found.kind, number).await?;
        let past = past.ok_or_else(WebError::not_found)?;
        if wants_json(&headers) {
            return Ok(Json(details(past, &viewer)).into_response());
        }
        let renderer = web.renderer_for(&viewer);
        let content = renderer.past_attempt(&found.subject(), &past, viewer.is_staff);
        let title = renderer.attempt_title(&past.attempt);
        Ok(renderer.page(&title, &viewer.id, content).into_response())
    };
    answer.await.unwrap_or_else(|error: WebError| error.answer(&web, &viewer, &headers))
}

fn details(past: PastAttemptDetails, viewer: &Viewer) -> PastAttemptDetailsJson {
    PastAttemptDetailsJson {
        attempt: PastAttemptJson::of(past.attempt, viewer.is_staff),
        stages: past.stages,
        log: past.log.iter().map(|(_, line)| LogLine::clone(line)).collect(),
        result: past.result.map(|(result, _)| result),
        traceback: past.traceback.filter(|_| viewer.is_staff),
    }
}
