use axum::{
    Extension, Json,
    extract::{Query, RawQuery},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::{
    error::{WebError, is_partial, wants_json},
    json::OperationJson,
    page::LIVE_PAGE,
    state::Web,
    viewer::{Authenticated, Viewer},
};
use crate::{
    language::{Language, Text},
    operation::UserId,
    render::{Connection, ListPage, ListRow},
    store::{ListFilter, Model},
};

/// How many operations a page of the list has.
const PAGE_LEN: u64 = 50;

/// The filter of the list, as its form sends it: an empty field filters nothing.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    op_type: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    before: String,
}

#[derive(Debug, Serialize)]
struct ListJson {
    operations: Vec<OperationJson>,
    next_url: Option<String>,
}

/// The viewer's operations; everybody's for superusers.
pub(super) async fn list<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Query(query): Query<ListQuery>,
    RawQuery(raw_query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let raw_query = raw_query.map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{}/{raw_query}", web.liveops.mount());
    let answer = answer(&web, &viewer, &query, url, &headers).await;
    answer.unwrap_or_else(|error| error.answer(&web, &viewer, &headers))
}

async fn answer(
    web: &Web,
    viewer: &Viewer,
    query: &ListQuery,
    url: String,
    headers: &HeaderMap,
) -> Result<Response, WebError> {
    let filter = query.filter(viewer)?;
    let mut rows = web.engine().store.list(&filter, PAGE_LEN + 1).await?;
    let has_more = rows.len() as u64 > PAGE_LEN;
    rows.truncate(PAGE_LEN as usize);
    let last = rows.last().filter(|_| has_more);
    let next_url = last.map(|row| query.url_before(web.liveops.mount(), row));

    if wants_json(headers) {
        let operations = rows.into_iter().filter_map(|row| {
            let kind = web.engine().registry.find(&row.op_type)?.kind;
            Some(OperationJson::new(web, viewer, &kind, row))
        });
        return Ok(Json(ListJson { operations: operations.collect(), next_url }).into_response());
    }
    let renderer = web.renderer_for(viewer);
    let page = ListPage {
        rows: rows.iter().map(|row| list_row(web, row, renderer.language())).collect(),
        url,
        next_url,
        shows_owner: viewer.is_superuser,
        state: filter.state,
        search: query.q.clone(),
    };
    // The same address answers with a page or with a part of it, which nobody goes back to.
    let headers_of = |caching| {
        [(header::VARY, "HX-Request, Accept, Accept-Language"), (header::CACHE_CONTROL, caching)]
    };
    if is_partial(headers) {
        return Ok((headers_of("no-store"), renderer.list_table(&page)).into_response());
    }
    let channel = viewer.list_channel();
    let token = web.engine().keys.sign(&viewer.id, &channel)?;
    let connection = Connection { token: Some(token), ..Connection::default() };
    let list = renderer.list(&page, &channel, &connection);
    let page = renderer.page(&renderer.language().say(Text::Operations), &viewer.id, list);
    Ok((headers_of(LIVE_PAGE), page).into_response())
}

impl ListQuery {
    fn filter(&self, viewer: &Viewer) -> Result<ListFilter, WebError> {
        let owner = if viewer.is_superuser {
            text(&self.owner).map(UserId::from)
        } else {
            Some(viewer.id.clone())
        };
        Ok(ListFilter {
            owner,
            state: parsed("state", &self.state)?,
            op_type: text(&self.op_type),
            search: text(&self.q),
            before: parsed("before", &self.before)?,
        })
    }

    fn url_before(&self, mount: &str, last: &Model) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("state", &self.state),
            ("op_type", &self.op_type),
            ("owner", &self.owner),
            ("q", &self.q),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.append_pair("before", &last.id.to_string());
        format!("{mount}/?{}", query.finish())
    }
}

fn list_row(web: &Web, row: &Model, language: &Language) -> ListRow {
    let live = web.engine().running.projection(row.operation_id());
    web.engine().list_row(row, live.as_ref(), language)
}

fn text(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn parsed<T>(field: &str, value: &str) -> Result<Option<T>, WebError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let parse = |value: String| {
        value.parse().map_err(|error| WebError::unreadable(format!("{field}: {error}")))
    };
    text(value).map(parse).transpose()
}
