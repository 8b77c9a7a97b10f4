//! Writes that insert rows into other tables in the same commit, if they change a row.
//!
//! On PostgreSQL, the write and the inserts are one statement. On SQLite, where a statement changes one table, they
//! are one transaction.

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait,
    Iterable, Statement, StatementBuilder,
    sea_query::{
        CommonTableExpression, DynIden, Expr, InsertStatement, IntoIden, IntoTableRef, OnConflict,
        Query, SubQueryStatement, TableRef, UnionType, WithClause,
    },
};

use super::{Column, Columns, Entity};
use crate::operation::OperationId;

/// Name of the write in the statement on PostgreSQL. The records have this name and their position.
const WRITTEN: &str = "written";

/// The rows that a write inserts into another table, at least one. A row with the same key stays as it is.
#[derive(Debug, Clone)]
pub(super) struct Record {
    table: TableRef,
    columns: Vec<DynIden>,
    rows: Vec<Vec<Expr>>,
    /// The operation whose columns the values name.
    row: Option<OperationId>,
}

impl Record {
    /// Creates the record of `row`.
    pub(super) fn of<Row: ActiveModelTrait>(row: &Row) -> Self {
        let (columns, values) =
            set_values(row).map(|(column, value)| (column.into_iden(), value)).unzip();
        Self {
            table: Row::Entity::default().into_table_ref(),
            columns,
            rows: vec![values],
            row: None,
        }
    }

    /// Creates the record of `rows`, which set the same columns. Returns `None` without a row.
    pub(super) fn of_all<Row: ActiveModelTrait>(
        rows: impl IntoIterator<Item = Row>,
    ) -> Option<Self> {
        let mut records = rows.into_iter().map(|row| Self::of(&row));
        let first = records.next()?;
        Some(records.fold(first, |mut all, record| {
            all.rows.extend(record.rows);
            all
        }))
    }

    /// Creates a record with values from the row of operation `id`, after the write of the row.
    pub(super) fn of_row<Table: EntityTrait, const LEN: usize>(
        id: OperationId,
        table: Table,
        values: [(Table::Column, Expr); LEN],
    ) -> Self {
        let values = values.into_iter().map(|(column, value)| (column.into_iden(), value));
        let (columns, values) = values.unzip();
        Self { table: table.into_table_ref(), columns, rows: vec![values], row: Some(id) }
    }

    /// Inserts the record over `connection`, a transaction that has written.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(super) async fn insert(self, connection: &impl ConnectionTrait) -> Result<(), DbErr> {
        let statement = connection.get_database_backend().build(&self.into_values());
        connection.execute_raw(statement).await.map(drop)
    }

    fn statement(&self) -> InsertStatement {
        Query::insert()
            .into_table(self.table.clone())
            .columns(self.columns.clone())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .take()
    }

    fn into_values(self) -> InsertStatement {
        let mut insert = self.statement();
        let Some(id) = self.row else {
            for row in self.rows {
                insert.values_panic(row);
            }
            return insert;
        };
        let is_row = Column::Id.eq(id.as_uuid());
        for row in self.rows {
            let values = Query::select().exprs(row).from(Entity).and_where(is_row.clone()).take();
            insert.select_from(values).expect("as many values as columns");
        }
        insert
    }

    /// Inserts the record once for each row that the write returns, which is one at most.
    fn into_selection(self) -> InsertStatement {
        let mut insert = self.statement();
        let mut rows =
            self.rows.into_iter().map(|row| Query::select().exprs(row).from(WRITTEN).take());
        let mut selection = rows.next().expect("a record has a row");
        selection.unions(rows.map(|row| (UnionType::All, row)));
        insert.select_from(selection).expect("as many values as columns");
        insert
    }
}

/// Returns the columns of `row` that are set, with their values.
pub(super) fn set_values<Row: ActiveModelTrait>(
    row: &Row,
) -> impl Iterator<Item = (<Row::Entity as EntityTrait>::Column, Expr)> {
    <Row::Entity as EntityTrait>::Column::iter().filter_map(|column| match row.get(column) {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => {
            Some((column, column.save_as(Expr::val(value))))
        }
        ActiveValue::NotSet => None,
    })
}

/// A write, with the records that are inserted if the write returns a row.
#[derive(Debug, Clone)]
pub(super) struct RecordedWrite {
    /// Returns the rows of the write.
    pub(super) statement: Statement,
    /// The rest of the transaction, after a `statement` that returned a row.
    pub(super) then: Vec<Statement>,
}

impl RecordedWrite {
    /// Creates a write without a record.
    pub(super) fn without_record(backend: DbBackend, write: impl StatementBuilder) -> Self {
        Self { statement: backend.build(&write), then: Vec::new() }
    }

    /// Adds `records` to a write, which returns the changed row. The statement returns the `columns` of the row.
    pub(super) fn new<Write>(
        backend: DbBackend,
        write: Write,
        records: impl IntoIterator<Item = Record>,
        columns: Columns,
    ) -> Self
    where
        Write: StatementBuilder + Into<SubQueryStatement>,
    {
        if backend != DbBackend::Postgres {
            let records = records.into_iter().map(|record| backend.build(&record.into_values()));
            return Self { statement: backend.build(&write), then: records.collect() };
        }
        let mut with = WithClause::new();
        let mut written = CommonTableExpression::new();
        written.table_name(WRITTEN).query(write);
        with.cte(written);
        for (position, record) in records.into_iter().enumerate() {
            let mut recorded = CommonTableExpression::new();
            recorded.table_name(format!("{WRITTEN}_{position}")).query(record.into_selection());
            with.cte(recorded);
        }
        let rows = Query::select().exprs(columns.of_selection(backend)).from(WRITTEN).take();
        Self { statement: backend.build(&rows.with(with)), then: Vec::new() }
    }

    /// Returns the columns that a write has to return, so that `records` can copy them and the statement can return
    /// `columns`.
    pub(super) fn written_columns(
        backend: DbBackend,
        records: &[Record],
        columns: Columns,
    ) -> Columns {
        let copies_row = records.iter().any(|record| record.row.is_some());
        if copies_row && backend == DbBackend::Postgres { Columns::All } else { columns }
    }
}
