//! Cancel and retry of several operations, for staff.

use std::collections::HashSet;

use axum::{
    Extension, Json,
    extract::{Query, RawQuery, Request, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};

use super::{
    actions::{cancel_one, retry_one},
    body::{check_values, parse_fields},
    create::body,
    list::PAGE_LEN,
    list_query::{ListQuery, list_url, with_outcome},
    page::check_may_act,
};
use crate::{
    form::Texts,
    language::{Language, Text},
    operation::{self, ActionKind, OperationId},
    render::{BulkOutcome, BulkRefusal},
    store::Model,
    web::{
        auth::viewer::{Authenticated, Viewer},
        error::{ErrorBody, WebError, is_partial, wants_json},
        header_params::media_type,
        state::Web,
    },
};

/// A bulk request, as it was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BulkRequest {
    action: String,
    ids: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Cancel,
    Retry,
}

/// The result of the action for one operation.
struct BulkItemResult {
    id: OperationId,
    row: Option<Model>,
    /// The reason of a refusal; `None` on success.
    refusal: Option<ErrorBody>,
}

#[derive(Debug, Serialize)]
struct BulkJson {
    done: usize,
    refused: usize,
    results: Vec<ResultJson>,
}

#[derive(Debug, Serialize)]
struct ResultJson {
    id: OperationId,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
}

/// Cancels or retries several operations one after the other. Staff only. A refusal of one operation does not
/// stop the others.
///
/// A plain form is redirected to the list, which shows the counts: a reload of the answer must not repeat the
/// action.
pub(in crate::web) async fn bulk<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    query: Result<Query<ListQuery>, QueryRejection>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let answer = async {
        if !viewer.is_staff {
            return Err(WebError::forbidden(Text::StaffOnly));
        }
        let query = ListQuery::read(query)?;
        let position = query.filter(&viewer)?.cursor.0;
        let (action, ids) = read(&web, &headers, request).await?;
        let renderer = web.renderer_for(&viewer);
        let language = renderer.language();
        let mut answers = Vec::with_capacity(ids.len());
        for id in ids {
            answers.push(act(&web, &viewer, action, id, language).await);
        }
        if is_partial(&headers) {
            let outcome = outcome(&web, language, answers);
            return Ok(renderer.bulk_outcome_out_of_band(&outcome).into_response());
        }
        if wants_json(&headers) {
            return Ok(Json(BulkJson::of(answers)).into_response());
        }
        let query_string =
            with_outcome(query.to_query_string(position), &outcome(&web, language, answers));
        Ok(to_list(&web, &query_string).into_response())
    };
    answer.await.unwrap_or_else(|error: WebError| error.answer(&web, &viewer, &headers))
}

/// Redirects a `GET` of the form's address to the list that contains the form.
pub(in crate::web) async fn list(
    Extension(web): Extension<Web>,
    RawQuery(query_string): RawQuery,
) -> Redirect {
    to_list(&web, &query_string.unwrap_or_default())
}

fn to_list(web: &Web, query_string: &str) -> Redirect {
    Redirect::to(&list_url(&format!("{}/", web.liveops.mount()), query_string))
}

async fn read(
    web: &Web,
    headers: &HeaderMap,
    request: Request,
) -> Result<(Action, Vec<OperationId>), WebError> {
    let body = body(web, request).await?;
    let (submitted, name): (BulkRequest, _) = match media_type(headers).as_str() {
        "application/json" => {
            check_values(&body)?;
            let text = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&body);
            let submitted = serde_json::from_slice(text);
            (submitted.map_err(|error| WebError::unreadable(error.to_string()))?, "ids")
        }
        "application/x-www-form-urlencoded" | "" => {
            (BulkRequest::of_form(&parse_fields(&body)?), "id")
        }
        other => return Err(WebError::unsupported(other)),
    };
    Ok((submitted.action()?, submitted.ids(name)?))
}

impl BulkRequest {
    fn of_form(fields: &Texts) -> Self {
        let mut submitted = Self::default();
        for (name, value) in fields.iter() {
            match name {
                "action" => value.clone_into(&mut submitted.action),
                "id" => submitted.ids.push(value.to_owned()),
                _ => {}
            }
        }
        submitted
    }

    fn action(&self) -> Result<Action, WebError> {
        match self.action.as_str() {
            "cancel" => Ok(Action::Cancel),
            // The older name of the action, for existing clients.
            "retry" | "restart" => Ok(Action::Retry),
            other => Err(WebError::unreadable(format!(
                "action: expected cancel or retry, found `{other}`"
            ))),
        }
    }

    /// Returns the IDs sent as `name`, without duplicates, in the order of the request.
    fn ids(&self, name: &str) -> Result<Vec<OperationId>, WebError> {
        if self.ids.is_empty() {
            return Err(WebError::unreadable(Text::NothingSelected));
        }
        if self.ids.len() as u64 > PAGE_LEN {
            let found = self.ids.len();
            return Err(WebError::unreadable(format!(
                "{name}: expected at most {PAGE_LEN} IDs, found {found}"
            )));
        }
        let parse = |text: &String| {
            text.parse().map_err(|error| WebError::unreadable(format!("{name}: {error}")))
        };
        let ids: Vec<OperationId> = self.ids.iter().map(parse).collect::<Result<_, _>>()?;
        let mut seen = HashSet::new();
        Ok(ids.into_iter().filter(|id| seen.insert(*id)).collect())
    }
}

async fn act(
    web: &Web,
    viewer: &Viewer,
    action: Action,
    id: OperationId,
    language: &Language,
) -> BulkItemResult {
    let by = |kind| operation::Action::of(kind, &viewer.id);
    let access = &web.engine().access;
    let found = match web.engine().store.find_small(id).await {
        Ok(row) => row.filter(|row| access.may_see(viewer, row)).ok_or_else(WebError::not_found),
        Err(error) => Err(error.into()),
    };
    let (row, done) = match found {
        Err(error) => (None, Err(error)),
        Ok(row) => {
            let done = match (check_may_act(web, viewer, &row), action) {
                (Err(refusal), _) => Err(refusal),
                (Ok(()), Action::Cancel) => cancel_one(web, &row, by(ActionKind::BulkCancel)).await,
                (Ok(()), Action::Retry) => retry_one(web, &row, by(ActionKind::BulkRetry)).await,
            };
            (Some(row), done)
        }
    };
    BulkItemResult { id, row, refusal: done.err().map(|error| error.into_body(language)) }
}

fn outcome(web: &Web, language: &Language, answers: Vec<BulkItemResult>) -> BulkOutcome {
    let all = answers.len();
    let refused = answers.into_iter().filter_map(|BulkItemResult { id, row, refusal }| {
        let reason = refusal?.message;
        let row = row.map(|row| web.engine().presenter.list_row(&row, None, language));
        let (title, url) =
            row.map_or_else(|| (id.to_string(), None), |row| (row.title, Some(row.url)));
        Some(BulkRefusal { title, url, reason })
    });
    let reasons: Vec<_> = refused.collect();
    BulkOutcome { done: all - reasons.len(), refused: reasons.len(), reasons }
}

impl BulkJson {
    fn of(answers: Vec<BulkItemResult>) -> Self {
        let done = answers.iter().filter(|answer| answer.refusal.is_none()).count();
        let refused = answers.len() - done;
        let result = |BulkItemResult { id, refusal, .. }: BulkItemResult| ResultJson {
            id,
            done: refusal.is_none(),
            error: refusal,
        };
        Self { done, refused, results: answers.into_iter().map(result).collect() }
    }
}
