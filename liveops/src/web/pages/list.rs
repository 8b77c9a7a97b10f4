//! The list of operations, as a page, as a table for htmx and as JSON.

use axum::{
    Extension, Json,
    extract::{Query, rejection::QueryRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use maud::Markup;
use serde::Serialize;

use super::{
    json::OperationJson,
    list_query::{self, ListQuery, list_url},
    page::LIVE_PAGE,
};
use crate::{
    language::{Language, Text},
    operation::PastAction,
    render::{BulkOutcome, ContainerOptions, ListPage, ListRow, StaffList},
    store::{Columns, ListFilter, Model, PagePosition, RowPage, SEARCHED_LEN_MAX},
    web::{
        auth::viewer::{Authenticated, Viewer},
        error::{WebError, is_partial, wants_json},
        state::Web,
    },
};

/// Number of operations on one page of the list.
pub(in crate::web) const PAGE_LEN: u64 = 50;

#[derive(Debug, Serialize)]
struct ListJson {
    operations: Vec<OperationJson>,
    next_url: Option<String>,
    previous_url: Option<String>,
}

/// Answers with the viewer's operations. Staff get all operations, with filters and a search.
pub(in crate::web) async fn list<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    query: Result<Query<ListQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let query = ListQuery::read(query)?;
        let columns = if wants_json(&headers) { Columns::Json } else { Columns::Small };
        ListView::read(&web, &viewer, &query, columns).await?.answer(&headers)
    };
    answer.await.unwrap_or_else(|error: WebError| error.answer(&web, &viewer, &headers))
}

/// One page of a list for one viewer.
struct ListView<'a> {
    web: &'a Web,
    viewer: &'a Viewer,
    query: &'a ListQuery,
    filter: ListFilter,
    listed: RowPage,
    outcome: Option<BulkOutcome>,
    /// The newest deletion of old operations, for staff.
    last_prune: Option<PastAction>,
}

impl<'a> ListView<'a> {
    async fn read(
        web: &'a Web,
        viewer: &'a Viewer,
        query: &'a ListQuery,
        columns: Columns,
    ) -> Result<Self, WebError> {
        let (filter, outcome) = (query.filter(viewer)?, query.outcome()?);
        let mut listed = web.engine().store.list_page(&filter, PAGE_LEN, columns).await?;
        listed.rows.retain(|row| web.engine().access.may_see(viewer, row));
        let last_prune =
            if viewer.is_staff { web.engine().store.last_prune().await? } else { None };
        Ok(Self { web, viewer, query, filter, listed, outcome, last_prune })
    }

    fn answer(self, headers: &HeaderMap) -> Result<Response, WebError> {
        if wants_json(headers) {
            return Ok(Json(self.into_json()).into_response());
        }
        // One address serves the page and the bare table. The browser's history never shows the table, so the
        // table need not be stored.
        if is_partial(headers) {
            let renderer = self.web.renderer_for(self.viewer);
            let table = renderer.list_table(&self.page(renderer.language())?);
            return Ok(table.into_response());
        }
        Ok(([(header::CACHE_CONTROL, LIVE_PAGE)], self.document()?).into_response())
    }

    /// Renders the whole page, for a browser that has not loaded the page yet.
    fn document(&self) -> Result<Markup, WebError> {
        let renderer = self.web.renderer_for(self.viewer);
        let page = self.page(renderer.language())?;
        let channel = self.viewer.list_channel();
        let token = self.web.engine().keys.sign(&self.viewer.id, &channel)?;
        let connection = ContainerOptions { token: Some(token), ..ContainerOptions::default() };
        let list = renderer.list(&page, &channel, &connection);
        Ok(renderer.page(&renderer.language().translate(Text::Operations), &self.viewer.id, list))
    }

    fn page(&self, language: &Language) -> Result<ListPage, WebError> {
        let rows = self.listed.rows.iter();
        let staff = self.viewer.is_staff.then(|| self.staff(language));
        Ok(ListPage {
            rows: rows.map(|row| list_row(self.web, row, language)).collect(),
            url: self.url_at(self.filter.cursor.0),
            next_url: self.next_url(),
            previous_url: self.previous_url(),
            states: self.filter.states.clone(),
            search: self.query.q.clone(),
            searched: self.listed.search_continues.then_some(SEARCHED_LEN_MAX),
            staff: staff.transpose()?,
        })
    }

    fn staff(&self, language: &Language) -> Result<StaffList, WebError> {
        let kinds = self.web.engine().registry.iter().map(|operation| &operation.kind);
        let mut op_types: Vec<_> =
            kinds.map(|kind| (kind.op_type, language.title(kind).into_owned())).collect();
        op_types.sort_by(|one, other| (&one.1, one.0).cmp(&(&other.1, other.0)));
        Ok(StaffList {
            op_types,
            op_type: list_query::text(&self.query.op_type),
            owner: self.query.owner.clone(),
            age: self.query.age()?,
            sort: self.filter.sort,
            bulk_url: list_url(
                &format!("{}/bulk", self.web.liveops.mount()),
                &self.query.to_query_string(self.filter.cursor.0),
            ),
            outcome: self.outcome.clone(),
            last_prune: self.last_prune.clone(),
        })
    }

    fn into_json(self) -> ListJson {
        let (next_url, previous_url) = (self.next_url(), self.previous_url());
        let Self { web, viewer, listed, .. } = self;
        let operations = listed.rows.into_iter().map(|row| OperationJson::new(web, viewer, row));
        ListJson { operations: operations.collect(), next_url, previous_url }
    }

    fn next_url(&self) -> Option<String> {
        self.listed.next.map(|position| self.url_at(position))
    }

    fn previous_url(&self) -> Option<String> {
        self.listed.previous.map(|position| self.url_at(position))
    }

    /// Returns the address of this list at `position`.
    fn url_at(&self, position: PagePosition) -> String {
        let list = format!("{}/", self.web.liveops.mount());
        list_url(&list, &self.query.to_query_string(position))
    }
}

fn list_row(web: &Web, row: &Model, language: &Language) -> ListRow {
    let live = web.engine().active_runs.projection(row.operation_id());
    web.engine().presenter.list_row(row, live.as_ref(), language)
}
