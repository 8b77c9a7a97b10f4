//! The query behind a list of operations: conditions, order and page.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, IdenStatic, Iterable, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Func, LikeExpr, Order, Query, SelectStatement},
};
use uuid::Uuid;

use super::{
    Column, Columns, Entity, PageCursor, PagePosition, SortKey,
    shares::union,
    sort_key::{column, direction},
    transition::is_in,
};
use crate::operation::{ListSort, OperationId, OperationState, UserId};

/// Maximum number of rows that the search for one page reads.
pub(crate) const SEARCHED_LEN_MAX: u64 = 10_000;

/// A filter, an order and a page for a list of operations.
///
/// # Pages
///
/// A page begins after, or ends before, the position of a row in the order: see [`PageCursor`]. Consider a
/// walk over all pages from one end of the list to the other. A row that stays in the list with an
/// unchanged position appears on exactly one of the pages, even if other rows change in between. In the
/// orders by ID, [`ListSort::Newest`] and [`ListSort::Oldest`], no row changes its position. A row that
/// changes its position between two pages, because it ended or started again, may appear on a later page,
/// on a page already read, or on both.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ListFilter {
    /// Only operations of this owner; `None` for all owners.
    pub owner: Option<UserId>,
    /// Only operations in one of these states; empty for all states.
    pub states: Vec<OperationState>,
    /// Only operations of this type.
    pub op_type: Option<String>,
    /// Only operations with this text in their type, description, owner or status, or with this ID. The search ignores
    /// case; in SQLite only the case of ASCII letters. No index supports the search for a text: it reads all
    /// operations that meet the other conditions, until the list is complete.
    pub search: Option<String>,
    /// Only operations created before this one, in any order of the list.
    pub before: Option<OperationId>,
    /// Only operations created at this time or later. Compares the milliseconds in the IDs. In the order
    /// [`ListSort::LastFinished`], also only operations that ended later than one hour before this time: the clocks of
    /// two processes may differ by an hour.
    pub made_since: Option<DateTime<Utc>>,
    /// Only operations created before this time. Compares the milliseconds in the IDs.
    pub made_before: Option<DateTime<Utc>>,
    /// The order of the list.
    pub sort: ListSort,
    /// The page to list.
    pub cursor: PageCursor,
}

/// Maximum difference between the clocks of the process that creates an operation and the process that ends it.
const CLOCKS_APART_MAX: TimeDelta = TimeDelta::hours(1);

impl ListFilter {
    /// Creates a filter that lists all operations, newest first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists only operations of `owner`.
    #[must_use]
    pub fn with_owner(mut self, owner: impl Into<UserId>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// Lists only operations in `state`.
    #[must_use]
    pub fn with_state(self, state: OperationState) -> Self {
        self.with_states([state])
    }

    /// Lists only operations in one of `states`.
    ///
    /// ```
    /// use liveops::{LiveOps, OperationState, store::{ListFilter, StoreError}};
    ///
    /// /// Counts the operations of a user that have not ended, for a badge.
    /// async fn unfinished(liveops: &LiveOps, user: &str) -> Result<u64, StoreError> {
    ///     let unfinished = [OperationState::NotStarted, OperationState::Started];
    ///     liveops.count(&ListFilter::new().with_owner(user).with_states(unfinished)).await
    /// }
    /// ```
    #[must_use]
    pub fn with_states(mut self, states: impl IntoIterator<Item = OperationState>) -> Self {
        self.states = states.into_iter().collect();
        self
    }

    /// Lists only operations of the type `op_type`, an [`OP_TYPE`](crate::LiveOperation::OP_TYPE).
    #[must_use]
    pub fn with_op_type(mut self, op_type: impl Into<String>) -> Self {
        self.op_type = Some(op_type.into());
        self
    }

    /// Lists only operations that match [`search`](Self::search).
    #[must_use]
    pub fn with_search(mut self, search: impl Into<String>) -> Self {
        self.search = Some(search.into());
        self
    }

    /// Lists only operations created before `id`.
    #[must_use]
    pub fn with_before(mut self, id: OperationId) -> Self {
        self.before = Some(id);
        self
    }

    /// Lists only operations created at `time` or later.
    #[must_use]
    pub fn with_made_since(mut self, time: DateTime<Utc>) -> Self {
        self.made_since = Some(time);
        self
    }

    /// Lists only operations created before `time`.
    #[must_use]
    pub fn with_made_before(mut self, time: DateTime<Utc>) -> Self {
        self.made_before = Some(time);
        self
    }

    /// Sorts the list by `sort`.
    #[must_use]
    pub fn with_sort(mut self, sort: ListSort) -> Self {
        self.sort = sort;
        self
    }

    /// Lists the page at `cursor`, which must belong to the [order](Self::sort) of the list.
    #[must_use]
    pub fn with_cursor(mut self, cursor: PageCursor) -> Self {
        self.cursor = cursor;
        self
    }

    /// Returns `true` if the filter includes operations that were created when the operation `id` was.
    pub(crate) fn includes_id(&self, id: OperationId) -> bool {
        let id = id.as_uuid();
        self.before.is_none_or(|before| id < before.as_uuid())
            && self.made_since.is_none_or(|on| id >= first_id_of(on))
            && self.made_before.is_none_or(|on| id < first_id_of(on))
    }

    /// Builds the query for these columns of at most `limit` rows, in reverse order for a backwards cursor.
    pub(super) fn select(
        &self,
        columns: Columns,
        limit: u64,
        backend: DbBackend,
    ) -> SelectStatement {
        let of_state = |state| self.with_only(state).select_of_state(columns, limit, backend);
        let states = self.distinct_states();
        if let [] | [_] = &states[..] {
            return self
                .with_only(states.first().copied())
                .select_of_state(columns, limit, backend);
        }
        // Each state has its own index, in the order of the list. A condition on several states would read all rows
        // in them, and sort the rows.
        let each = union(states.into_iter().map(|state| of_state(Some(state))));
        let each = each.expect("there are several states");
        let mut query = self.of_selection(each);
        query.order_by((Entity, Column::Id), self.order()).limit(limit).take()
    }

    /// Builds the query of a list without states, or with one.
    fn select_of_state(&self, columns: Columns, limit: u64, backend: DbBackend) -> SelectStatement {
        let order = self.order();
        let mut query = self.restrict(columns.select(backend), backend);
        query = match self.cursor.0 {
            PagePosition::Start | PagePosition::End => query,
            PagePosition::After(key) | PagePosition::Before(key) => {
                query.filter(self.beyond(key, &order, backend))
            }
        };
        if let Some((column, _)) = self.range(backend) {
            query = query.order_by(column, order.clone());
        }
        if let Some(column) = column(self.sort) {
            query = query.order_by(column, order.clone());
        }
        query.order_by(Column::Id, order).limit(limit).into_query()
    }

    /// Returns the states of the filter once each, in their order; none for all states.
    fn distinct_states(&self) -> Vec<OperationState> {
        let all = OperationState::ALL.into_iter();
        let states: Vec<_> = all.filter(|state| self.states.contains(state)).collect();
        if states.len() == OperationState::ALL.len() { Vec::new() } else { states }
    }

    fn with_only(&self, state: Option<OperationState>) -> Self {
        Self { states: state.into_iter().collect(), ..self.clone() }
    }

    /// Selects all columns from `rows`, in the order of the list apart from the IDs.
    fn of_selection(&self, rows: SelectStatement) -> SelectStatement {
        let mut query = Query::select();
        // The alias is the name of the table, so that the same columns and conditions apply.
        query.exprs(Column::iter().map(ColumnTrait::into_expr)).from_subquery(rows, Entity);
        if let Some(column) = column(self.sort) {
            query.order_by((Entity, column), self.order());
        }
        query
    }

    /// Builds the query of a search for a text, which reads [`SEARCHED_LEN_MAX`] rows at most: the first ones after
    /// the cursor that meet the other conditions. Returns `None` without a search, and for the search of an ID.
    pub(super) fn search_first(
        &self,
        columns: Columns,
        limit: u64,
        backend: DbBackend,
    ) -> Option<SelectStatement> {
        let search = self.search.as_ref().filter(|text| text.parse::<OperationId>().is_err())?;
        let searched = self.without_search().select(columns, SEARCHED_LEN_MAX, backend);
        let mut query = self.of_selection(searched);
        query.cond_where(matches(search));
        Some(query.order_by((Entity, Column::Id), self.order()).limit(limit).take())
    }

    /// Builds the query for the last row that [`search_first`](Self::search_first) reads, if there are as many.
    pub(super) fn last_searched(&self, backend: DbBackend) -> SelectStatement {
        let searched = self.without_search().select(Columns::Small, SEARCHED_LEN_MAX, backend);
        let mut query = self.of_selection(searched);
        query.order_by((Entity, Column::Id), self.order()).limit(1).offset(SEARCHED_LEN_MAX - 1);
        query
    }

    fn without_search(&self) -> Self {
        Self { search: None, ..self.clone() }
    }

    /// Returns the direction in which the query reads.
    fn order(&self) -> Order {
        match (direction(self.sort), self.cursor.0.is_backwards()) {
            (Order::Desc, false) | (Order::Asc, true) => Order::Desc,
            _ => Order::Asc,
        }
    }

    /// Restricts a query to the rows on all pages of the list.
    pub(super) fn restrict(&self, rows: Select<Entity>, backend: DbBackend) -> Select<Entity> {
        rows.filter(self.condition(backend)).filter(self.sorted())
    }

    /// Returns the column whose index the list reads in its order. Returns `None` for the index of a state, or of all
    /// operations. If the filter has several conditions, the one with the fewest rows decides: the running operations,
    /// the operations of an owner, the operations of a type.
    fn index(&self) -> Option<Column> {
        let runs =
            self.states == [OperationState::Started] || self.sort == ListSort::LongestRunning;
        if runs {
            Some(Column::StartedOn)
        } else if self.owner.is_some() {
            Some(Column::Owner)
        } else {
            self.op_type.as_ref().map(|_| Column::OpType)
        }
    }

    /// Returns the column, with its value, that PostgreSQL has to read as a range.
    ///
    /// PostgreSQL knows the number of operations of a type, but not their age. It would walk over all IDs to find the
    /// newest of them. A column with `= 'x'` has no influence on the order of the rows. With `BETWEEN 'x' AND 'x'` the
    /// column is a part of the order, and only its own index has this order.
    fn range(&self, backend: DbBackend) -> Option<(Column, &str)> {
        if backend != DbBackend::Postgres {
            return None;
        }
        match (self.index()?, self.sort) {
            (Column::Owner, ListSort::Newest | ListSort::Oldest) => {
                Some((Column::Owner, self.owner.as_ref()?.as_str()))
            }
            (Column::OpType, _) => Some((Column::OpType, self.op_type.as_deref()?)),
            _ => None,
        }
    }

    /// Returns the conditions. On SQLite, at most one of them can use an index: SQLite has no statistics of the table,
    /// and would prefer the index with the most columns.
    fn condition(&self, backend: DbBackend) -> Condition {
        let index = self.index();
        let expr = |column: Column, is_searched: bool| match backend {
            // The unary plus excludes a column from the choice of an index.
            DbBackend::Sqlite if !is_searched => {
                Expr::cust(format!(r#"+"liveops_operation"."{}""#, column.as_str()))
            }
            _ => column.into_expr(),
        };
        let text = |column: Column, text: &str| match self.range(backend) {
            Some((ranged, _)) if ranged.as_str() == column.as_str() => {
                column.into_expr().between(text, text)
            }
            _ => {
                expr(column, index.is_some_and(|index| index.as_str() == column.as_str())).eq(text)
            }
        };
        // The order of the ends differs from the order of the IDs.
        let id = || expr(Column::Id, self.sort != ListSort::LastFinished);
        let state_is_searched = index.is_none();
        let is_owners = matches!(index, Some(Column::Owner)) && backend == DbBackend::Postgres;
        // Literals, because a database cannot prove that a parameter meets the condition of an index. For the list of
        // an owner on PostgreSQL, a cast prevents the proof: PostgreSQL would combine the index of the owner with all
        // entries of the index of a state.
        let is = |column: Column, value: bool| match (is_owners, value) {
            (true, _) => column.into_expr().cast_as("integer").eq(i32::from(value)),
            (false, true) => expr(column, state_is_searched).eq(Expr::cust("TRUE")),
            (false, false) => expr(column, state_is_searched).eq(Expr::cust("FALSE")),
        };
        let ended = || Condition::all().add(Column::FinishedOn.is_not_null());
        let in_state = |state| match state {
            OperationState::NotStarted | OperationState::Started => is_in(state),
            OperationState::FinishedOk => ended()
                .add(is(Column::Cancelled, false))
                .add(is(Column::FinishedSuccessfully, true)),
            OperationState::FinishedError => ended()
                .add(is(Column::Cancelled, false))
                .add(is(Column::FinishedSuccessfully, false)),
            OperationState::Cancelled => ended().add(is(Column::Cancelled, true)),
        };
        let states = self.distinct_states();
        let state = (!states.is_empty())
            .then(|| states.into_iter().fold(Condition::any(), |any, it| any.add(in_state(it))));
        Condition::all()
            .add_option(self.owner.as_ref().map(|owner| text(Column::Owner, owner.as_str())))
            .add_option(state)
            .add_option(self.op_type.as_ref().map(|op_type| text(Column::OpType, op_type)))
            .add_option(self.search.as_deref().map(matches))
            .add_option(self.before.map(|before| id().lt(before.as_uuid())))
            .add_option(self.made_since.map(|on| id().gte(first_id_of(on))))
            .add_option(self.made_before.map(|on| id().lt(first_id_of(on))))
            .add_option(self.ended_since().map(|on| Column::FinishedOn.gte(on)))
    }

    /// Returns the earliest possible end of the listed operations in the order of the ends, so that the list reads no
    /// earlier ones.
    fn ended_since(&self) -> Option<DateTime<Utc>> {
        let made_since = self.made_since.filter(|_| self.sort == ListSort::LastFinished)?;
        made_since.checked_sub_signed(CLOCKS_APART_MAX)
    }

    /// Selects the rows that the order includes: only ended operations for [`ListSort::LastFinished`], only
    /// running ones for [`ListSort::LongestRunning`].
    fn sorted(&self) -> Condition {
        let is_included = |state: OperationState| match self.sort {
            ListSort::Newest | ListSort::Oldest => true,
            ListSort::LastFinished => state.is_terminal(),
            ListSort::LongestRunning => state == OperationState::Started,
        };
        if !self.states.is_empty() && !self.states.iter().copied().any(is_included) {
            return nothing();
        }
        match self.sort {
            ListSort::Newest | ListSort::Oldest => Condition::all(),
            ListSort::LastFinished => Condition::all().add(Column::FinishedOn.is_not_null()),
            ListSort::LongestRunning => is_in(OperationState::Started),
        }
    }

    /// Selects the rows after `key` in the reading direction `order`.
    fn beyond(&self, key: SortKey, order: &Order, backend: DbBackend) -> Condition {
        if !key.is_of(self.sort) {
            return nothing();
        }
        let is_desc = *order == Order::Desc;
        let id = key.id.as_uuid();
        let later_id = if is_desc { Column::Id.lt(id) } else { Column::Id.gt(id) };
        let Some((column, at)) = column(self.sort).zip(key.at) else {
            let Some(range) = self.range(backend) else { return Condition::all().add(later_id) };
            let (later, _) = beside(range, Column::Id, id.into(), is_desc);
            return Condition::all().add(later);
        };
        let later = if is_desc { column.lt(at) } else { column.gt(at) };
        // `not_earlier` holds in both cases: outside of the `OR`, a database can search an index by it.
        let not_earlier = match self.range(backend) {
            Some(range) => beside(range, column, at.into(), is_desc).1,
            None if is_desc => column.lte(at),
            None => column.gte(at),
        };
        Condition::all().add(not_earlier).add(Condition::any().add(later).add(later_id))
    }
}

/// Compares a [range](ListFilter::range) together with the next column of its index: a range alone would not find the
/// position in the index. Returns the comparisons "later than `value`" and "not earlier than `value`".
fn beside(
    (column, text): (Column, &str),
    next: Column,
    value: sea_orm::Value,
    is_desc: bool,
) -> (Expr, Expr) {
    let here = Expr::tuple([column.into_expr(), next.into_expr()]);
    let there = Expr::tuple([Expr::value(text), Expr::value(value)]);
    if is_desc {
        (here.clone().lt(there.clone()), here.lte(there))
    } else {
        (here.clone().gt(there.clone()), here.gte(there))
    }
}

/// Selects no row, and reads none.
fn nothing() -> Condition {
    Condition::all().add(Expr::value(1).eq(0))
}

/// Returns the smallest ID that can be created in the millisecond of `on`.
fn first_id_of(on: DateTime<Utc>) -> Uuid {
    let ms = u64::try_from(on.timestamp_millis()).unwrap_or(0);
    // A UUIDv7 has 48 bits for the milliseconds.
    Uuid::from_u128(u128::from(Ord::min(ms, (1 << 48) - 1)) << 80)
}

fn matches(search: &str) -> Condition {
    if let Ok(id) = search.parse::<OperationId>() {
        return Condition::all().add(Column::Id.eq(id.as_uuid()));
    }
    let (lowered, unchanged) = (pattern(&search.to_lowercase()), pattern(search));
    // SQLite's `lower` converts ASCII only, so the text is also matched unchanged. A `Ż` matches only in
    // the case in which it was typed.
    let contains = |column: Column| {
        let lower = Expr::expr(Func::lower(Expr::col(column)));
        Condition::any().add(lower.like(lowered.clone())).add(column.like(unchanged.clone()))
    };
    Condition::any()
        .add(contains(Column::OpType))
        .add(contains(Column::Owner))
        .add(contains(Column::StatusText))
        .add(contains(Column::Description))
}

/// Builds a `LIKE` pattern for columns that contain `text`.
fn pattern(text: &str) -> LikeExpr {
    let escaped: String = text
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}
