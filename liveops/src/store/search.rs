//! The search for a text, in pages of limited cost.

use std::time::Duration;

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DbErr, FromQueryResult, sea_query::SelectStatement,
};
use tokio::time;

use super::{ListFilter, Model, RowPage, SortKey, Store, StoreError};

/// Maximum time of the search for one page. A search that takes longer fails as if the database were busy.
const SEARCH_WAIT_MAX: Duration = Duration::from_secs(5);

impl Store {
    /// Reads a page of at most `len` operations that `search`, the first query of the search, returns.
    pub(super) async fn search_page(
        &self,
        filter: &ListFilter,
        search: SelectStatement,
        len: u64,
    ) -> Result<RowPage, StoreError> {
        let page = time::timeout(SEARCH_WAIT_MAX, self.read_searched(filter, search, len)).await;
        let page = page.unwrap_or(Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)));
        page.map_err(StoreError::of("search the operations"))
    }

    async fn read_searched(
        &self,
        filter: &ListFilter,
        search: SelectStatement,
        len: u64,
    ) -> Result<RowPage, DbErr> {
        let rows = self.statements().query_all(&search).await?;
        let rows = rows.iter().map(|row| Model::from_query_result(row, ""));
        let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
        if filter.cursor.0.is_backwards() {
            rows.reverse();
        }
        let is_full = rows.len() as u64 > len;
        let page = RowPage::of(filter, rows, len);
        if is_full {
            return Ok(page);
        }
        let last = self.statements().query_one(&filter.last_searched(self.backend())).await?;
        let last = last.map(|row| Model::from_query_result(&row, "")).transpose()?;
        Ok(match last {
            Some(last) => page.searched_to(filter, SortKey::of(filter.sort, &last)),
            None => page,
        })
    }
}
