//! The columns of an operation that a query reads.

use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, IdenStatic, Iterable, QueryTrait, Select,
    sea_query::{Expr, Query, ReturningClause},
};

use super::{Column, Entity};

/// The columns of an operation that a query reads.
///
/// Some columns may hold a MiB or more. A query whose caller does not need these columns leaves them out: the
/// returned [`Model`](super::Model) has an empty value in each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// All columns.
    All,
    /// The columns of the JSON in a list: all but the input and the order of the result.
    Json,
    /// The columns without a large value: for a row in a list, or for the outcome of a write.
    Small,
}

impl Columns {
    /// Builds a query that reads these columns.
    pub(super) fn select(self, backend: DbBackend) -> Select<Entity> {
        let mut select = Entity::find();
        QueryTrait::query(&mut select).clear_selects().exprs(self.exprs(backend));
        select
    }

    /// Builds a `RETURNING` clause with these columns.
    pub(super) fn returning(self, backend: DbBackend) -> ReturningClause {
        Query::returning().exprs(self.exprs(backend))
    }

    /// Returns these columns of a selection that has all of them.
    pub(super) fn of_selection(self, backend: DbBackend) -> impl Iterator<Item = Expr> {
        self.exprs_with(backend, Expr::col)
    }

    fn exprs(self, backend: DbBackend) -> impl Iterator<Item = Expr> {
        self.exprs_with(backend, move |column| column.into_returning_expr(backend))
    }

    fn exprs_with(
        self,
        backend: DbBackend,
        read: impl Fn(Column) -> Expr,
    ) -> impl Iterator<Item = Expr> {
        Column::iter().map(move |column| match self.omitted(column) {
            Some(empty) => {
                let name = column.as_str();
                let cast = if backend == DbBackend::Postgres { empty.cast } else { "" };
                Expr::cust(format!(r#"{}{cast} AS "{name}""#, empty.literal))
            }
            None => read(column),
        })
    }

    /// Returns the value that replaces a column, if the column is left out.
    fn omitted(self, column: Column) -> Option<Empty> {
        let is_omitted = match column {
            Column::Input => self != Self::All,
            Column::ResultContext
            | Column::ResultOrder
            | Column::Traceback
            | Column::StageStates
            | Column::StageTimings => self == Self::Small,
            _ => false,
        };
        let empty = match column {
            Column::StageStates => Empty { literal: "'[]'", cast: "::jsonb" },
            Column::Input => Empty { literal: "'null'", cast: "::jsonb" },
            Column::Traceback => Empty { literal: "NULL", cast: "::text" },
            _ => Empty { literal: "NULL", cast: "::jsonb" },
        };
        is_omitted.then_some(empty)
    }
}

/// The value that replaces a column, as SQL.
#[derive(Debug, Clone, Copy)]
struct Empty {
    literal: &'static str,
    /// The type of the value on PostgreSQL.
    cast: &'static str,
}
