//! Writes that insert a row into another table in the same commit, if they change a row.
//!
//! On PostgreSQL, the write and the insert are one statement. On SQLite, where a statement changes one table, they
//! are one transaction.

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait,
    Iterable, Statement, StatementBuilder,
    sea_query::{
        CommonTableExpression, DynIden, Expr, InsertStatement, IntoIden, IntoTableRef, OnConflict,
        Query, SubQueryStatement, TableRef, WithClause,
    },
};

/// Names of the two parts of the statement on PostgreSQL.
const WRITTEN: &str = "written";
const RECORDED: &str = "recorded";

/// The row that a write inserts into another table. A row with the same key stays as it is.
#[derive(Debug, Clone)]
pub(super) struct Record {
    table: TableRef,
    columns: Vec<DynIden>,
    values: Vec<Expr>,
}

impl Record {
    /// Creates the record of `row`.
    pub(super) fn of<Row: ActiveModelTrait>(row: &Row) -> Self {
        let (columns, values) =
            set_values(row).map(|(column, value)| (column.into_iden(), value)).unzip();
        Self { table: Row::Entity::default().into_table_ref(), columns, values }
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
        insert.values_panic(self.values);
        insert
    }

    /// Inserts the record once for each row that the write returns, which is one at most.
    fn into_selection(self) -> InsertStatement {
        let mut insert = self.statement();
        let values = Query::select().exprs(self.values).from(WRITTEN).take();
        insert.select_from(values).expect("as many values as columns");
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

/// A write, with the record that is inserted if the write returns a row.
#[derive(Debug, Clone)]
pub(super) struct RecordedWrite {
    /// Returns the rows of the write.
    pub(super) statement: Statement,
    /// The rest of the transaction, after a `statement` that returned a row.
    pub(super) then: Option<Statement>,
}

impl RecordedWrite {
    /// Creates a write without a record.
    pub(super) fn without_record(backend: DbBackend, write: impl StatementBuilder) -> Self {
        Self { statement: backend.build(&write), then: None }
    }

    /// Adds `record` to a write, which returns the changed row.
    pub(super) fn new<Write>(backend: DbBackend, write: Write, record: Record) -> Self
    where
        Write: StatementBuilder + Into<SubQueryStatement>,
    {
        if backend != DbBackend::Postgres {
            let then = Some(backend.build(&record.into_values()));
            return Self { statement: backend.build(&write), then };
        }
        let mut written = CommonTableExpression::new();
        written.table_name(WRITTEN).query(write);
        let mut recorded = CommonTableExpression::new();
        recorded.table_name(RECORDED).query(record.into_selection());
        let mut with = WithClause::new();
        with.cte(written).cte(recorded);
        let rows = Query::select().expr(Expr::cust("*")).from(WRITTEN).take();
        Self { statement: backend.build(&rows.with(with)), then: None }
    }
}
