//! The query parameters of the list of operations.

use std::{fmt::Display, str::FromStr};

use axum::extract::{Query, rejection::QueryRejection};
use chrono::Utc;
use serde::Deserialize;

use super::list::PAGE_LEN;
use crate::{
    language::Text,
    operation::{ListSort, OperationState, UserId},
    render::{Age, BulkOutcome},
    store::{ListFilter, PageCursor, PagePosition, SortKey},
    web::{auth::viewer::Viewer, error::WebError},
};

/// The value of `previous` that selects the last page of a list.
const END: &str = "end";

/// Maximum number of characters of a search.
const SEARCH_LEN_MAX: usize = 200;

/// The query of a list, as the filter form and the page links send it. An empty field sets no filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct ListQuery {
    state: String,
    pub(in crate::web) op_type: String,
    pub(in crate::web) owner: String,
    age: String,
    pub(in crate::web) q: String,
    sort: String,
    before: String,
    next: String,
    previous: String,
    done: String,
    refused: String,
}

impl ListQuery {
    /// Reads the query of a request.
    pub(in crate::web) fn read(
        query: Result<Query<Self>, QueryRejection>,
    ) -> Result<Self, WebError> {
        let Query(query) = query.map_err(|error| WebError::unreadable(error.body_text()))?;
        let has_nul = query.texts().iter().any(|text| text.contains('\0'));
        if has_nul { Err(WebError::unreadable(Text::HasNul)) } else { Ok(query) }
    }

    fn texts(&self) -> [&str; 11] {
        let Self { state, op_type, owner, age, q, sort, before, next, previous, done, refused } =
            self;
        [state, op_type, owner, age, q, sort, before, next, previous, done, refused]
    }

    /// Converts the query into a filter. For a viewer who is not staff, the owner is the viewer.
    pub(in crate::web) fn filter(&self, viewer: &Viewer) -> Result<ListFilter, WebError> {
        let owner = if viewer.is_staff {
            text(&self.owner).map(UserId::from)
        } else {
            Some(viewer.id.clone())
        };
        let age = self.age()?;
        let now = Utc::now();
        let sort = parsed("sort", &self.sort)?.unwrap_or_default();
        Ok(ListFilter {
            owner,
            states: self.states()?,
            op_type: text(&self.op_type),
            search: self.search()?,
            before: parsed("before", &self.before)?,
            made_since: age.and_then(|age| age.made_since(now)),
            made_before: age.and_then(|age| age.made_before(now)),
            sort,
            cursor: PageCursor(self.position(sort)?),
        })
    }

    /// Parses the states, with commas between them.
    fn states(&self) -> Result<Vec<OperationState>, WebError> {
        let states = self.state.split(',').map(|state| parsed("state", state));
        states.filter_map(Result::transpose).collect()
    }

    fn search(&self) -> Result<Option<String>, WebError> {
        match text(&self.q) {
            Some(text) if text.chars().count() > SEARCH_LEN_MAX => {
                Err(WebError::unreadable(format!(
                    "q: expected at most {SEARCH_LEN_MAX} characters, found {}",
                    text.chars().count()
                )))
            }
            search => Ok(search),
        }
    }

    pub(in crate::web) fn age(&self) -> Result<Option<Age>, WebError> {
        parsed("age", &self.age)
    }

    /// Returns the counts of a bulk action that redirected to this list.
    pub(in crate::web) fn outcome(&self) -> Result<Option<BulkOutcome>, WebError> {
        let counts = count("done", &self.done)?.zip(count("refused", &self.refused)?);
        Ok(counts.map(|(done, refused)| BulkOutcome { done, refused, reasons: Vec::new() }))
    }

    fn position(&self, sort: ListSort) -> Result<PagePosition, WebError> {
        if self.next.is_empty() && self.previous == END {
            return Ok(PagePosition::End);
        }
        let key = |field, value: &str| match parsed::<SortKey>(field, value)? {
            Some(key) if !key.is_of(sort) => Err(WebError::unreadable(format!(
                "{field}: expected a cursor of the order `{sort}`, found `{key}`"
            ))),
            key => Ok(key),
        };
        let next = key("next", &self.next)?.map(PagePosition::After);
        let previous = key("previous", &self.previous)?.map(PagePosition::Before);
        Ok(next.or(previous).unwrap_or_default())
    }

    /// Returns the query string of this list at `position`.
    pub(in crate::web) fn to_query_string(&self, position: PagePosition) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("op_type", &self.op_type),
            ("state", &self.state),
            ("owner", &self.owner),
            ("age", &self.age),
            ("sort", &self.sort),
            ("q", &self.q),
            ("before", &self.before),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        match position {
            PagePosition::After(key) => query.append_pair("next", &key.to_string()),
            PagePosition::Before(key) => query.append_pair("previous", &key.to_string()),
            PagePosition::End => query.append_pair("previous", END),
            PagePosition::Start => &mut query,
        };
        query.finish()
    }
}

/// Returns the address of a list with `query_string`.
pub(in crate::web) fn list_url(path: &str, query_string: &str) -> String {
    if query_string.is_empty() { path.to_owned() } else { format!("{path}?{query_string}") }
}

/// Appends the counts of a bulk action to a query string.
pub(in crate::web) fn with_outcome(query_string: String, outcome: &BulkOutcome) -> String {
    form_urlencoded::Serializer::new(query_string)
        .append_pair("done", &outcome.done.to_string())
        .append_pair("refused", &outcome.refused.to_string())
        .finish()
}

/// Parses a number of operations, at most [`PAGE_LEN`].
fn count(field: &str, value: &str) -> Result<Option<usize>, WebError> {
    let parse = |value: String| {
        let count = value.parse().ok().filter(|count| *count <= PAGE_LEN as usize);
        count.ok_or_else(|| {
            WebError::unreadable(format!(
                "{field}: expected a number up to {PAGE_LEN}, found `{value}`"
            ))
        })
    };
    text(value).map(parse).transpose()
}

pub(in crate::web) fn text(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn parsed<T: FromStr<Err: Display>>(field: &str, value: &str) -> Result<Option<T>, WebError> {
    let parse = |value: String| {
        value.parse().map_err(|error| WebError::unreadable(format!("{field}: {error}")))
    };
    text(value).map(parse).transpose()
}
