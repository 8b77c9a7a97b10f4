//! The [`Store`]: its connection, its transactions, and the queries that read operations.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait,
    FromQueryResult, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait, Statement,
    StatementBuilder, UpdateMany, sea_query::Query,
};
use tokio::time;
use uuid::Uuid;

use super::{
    Column, Columns, Entity, ListFilter, Migrator, Model, Receivers, RowPage, StoreError,
    Transaction,
    conflict::RepeatingConnection,
    connections::Connections,
    migrate::migrate,
    recorded_write::{Record, RecordedWrite},
    server::StatementLimits,
    writer::Writer,
};
use crate::operation::OperationId;

/// Maximum wait for other users of a SQLite file when its log is folded in.
const FOLD_WAIT_MAX: Duration = Duration::from_secs(2);

/// The operations in a database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    connections: Arc<Connections>,
    writer: Writer,
    receivers: Receivers,
}

impl Store {
    /// Creates a store for the operations in `db`, with connections of its own to a SQLite file.
    pub(crate) fn new(db: DatabaseConnection) -> Self {
        let connections = Arc::new(Connections::beside(db));
        let writer = Writer::new(connections.writes.clone());
        Self { writer, connections, receivers: Receivers::default() }
    }

    /// Sets the receivers of the ends of operations.
    pub(crate) fn with_receivers(self, receivers: Receivers) -> Self {
        Self { receivers, ..self }
    }

    /// Creates a store on a connection that has no other user, so that no other write can join a commit. A server
    /// enforces `limits` for each statement.
    pub(super) fn on_own_connection(
        db: DatabaseConnection,
        limits: Option<StatementLimits>,
    ) -> Self {
        let connections = Arc::new(Connections::only(db.clone(), limits));
        let writer = Writer::without_groups(db, limits);
        Self { writer, connections, receivers: Receivers::default() }
    }

    /// Returns the store for statements of a request. If a server does not answer a write in ten seconds, the write
    /// fails; before that, the server has cancelled the statement.
    pub(super) fn for_request(&self) -> Self {
        Self { writer: self.writer.for_request(), ..self.clone() }
    }

    /// Returns the receivers of the ends of operations.
    pub(crate) fn receivers(&self) -> &Receivers {
        &self.receivers
    }

    /// Returns `true` if the connections to a server keep their sessions. Returns `false` if they do not, or if the
    /// detection failed: settings of a session might reach other clients.
    ///
    /// # Errors
    ///
    /// Returns an error behind a connection pooler that liveops cannot use.
    pub(super) async fn keeps_sessions(&self) -> Result<bool, DbErr> {
        self.connections.keep_sessions().await
    }

    /// Returns the database connection of the application.
    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.connections.application
    }

    /// Returns the connection for statements outside of transactions, which are repeated after conflicts. On a
    /// SQLite file, reads never wait for a writer.
    pub(super) fn statements(&self) -> &RepeatingConnection {
        &self.connections.statements
    }

    /// Creates or updates the tables; see [`migrate`](super::migrate).
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        migrate::<Migrator>(self.db()).await
    }

    /// Checks that the database answers, has the tables and accepts writes. Queries an ID that never exists.
    ///
    /// # Errors
    ///
    /// Returns an error if the database does not answer, lacks the tables, or is a server that is read-only or in
    /// recovery.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        const IS_READ_ONLY: &str =
            "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'";

        let is_read_only = async || {
            Entity::find_by_id(Uuid::nil()).one(self.statements()).await?;
            if self.backend() != DbBackend::Postgres {
                return Ok(false);
            }
            let is_read_only = Statement::from_string(DbBackend::Postgres, IS_READ_ONLY);
            let row = self.statements().query_one_raw(is_read_only).await?;
            row.map_or(Ok(false), |row| row.try_get_by_index(0))
        };
        for _ in 0..2 {
            if !is_read_only().await.map_err(StoreError::of("answer"))? {
                return Ok(());
            }
            self.statements().reopen().await;
        }
        let found = DbErr::Custom("the server is read-only or in recovery".to_owned());
        Err(StoreError::of("accept writes")(found))
    }

    /// Writes the log of a SQLite file into the file itself, so that a copy of the file alone is complete.
    /// Waits for other users of the file for two seconds at most; SQLite also does this when the last
    /// connection is closed.
    pub(crate) async fn fold_log_into_file(&self) {
        let folding = self.connections.fold_log_into_file();
        if !matches!(time::timeout(FOLD_WAIT_MAX, folding).await, Ok(Ok(()))) {
            tracing::debug!("left the write-ahead log beside the SQLite file; others use the file");
        }
    }

    /// Begins a transaction that runs code of the application. On a SQLite file, it has the lock of the file.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails, or if the file stays locked.
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        self.connections.begin().await.map_err(StoreError::of("begin a transaction"))
    }

    /// Begins a transaction of liveops alone, in which each statement sees what others have committed.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails, or if the file stays locked.
    pub(super) async fn begin_read_committed(&self) -> Result<Transaction, StoreError> {
        let begun = self.connections.begin_read_committed().await;
        begun.map_err(StoreError::of("begin a transaction"))
    }

    /// Commits a transaction.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        transaction.commit().await.map_err(StoreError::of("commit a transaction"))
    }

    /// Commits a transaction of a request.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails, or if a server does not answer in ten seconds. In the second case the
    /// server may have committed.
    pub(crate) async fn commit_for_request(
        &self,
        transaction: Transaction,
    ) -> Result<(), StoreError> {
        let committed = self.wait_for(transaction.commit()).await;
        committed.map_err(StoreError::of("commit a transaction"))
    }

    /// Commits the transaction if `written` succeeded, and rolls it back otherwise.
    ///
    /// # Errors
    ///
    /// Returns the error of `written`, or an error if the database fails to commit.
    pub(super) async fn end<T>(
        &self,
        transaction: Transaction,
        written: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match written {
            Ok(written) => self.commit(transaction).await.map(|()| written),
            Err(error) => {
                // The error of the write says more than that of a rollback.
                if let Err(error) = self.roll_back(transaction).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(error, "could not roll a transaction back; dropping it");
                }
                Err(error)
            }
        }
    }

    /// Rolls a transaction back.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn roll_back(&self, transaction: Transaction) -> Result<(), StoreError> {
        let rolled_back = self.wait_for(transaction.rollback()).await;
        rolled_back.map_err(StoreError::of("roll a transaction back"))
    }

    /// Returns the operation with this ID.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn find(&self, id: OperationId) -> Result<Option<Model>, StoreError> {
        Entity::find_by_id(id.as_uuid())
            .one(self.statements())
            .await
            .map_err(StoreError::of("read an operation"))
    }

    /// Returns the small columns of the operation with this ID.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn find_small(&self, id: OperationId) -> Result<Option<Model>, StoreError> {
        Columns::Small
            .select(self.backend())
            .filter(Column::Id.eq(id.as_uuid()))
            .one(self.statements())
            .await
            .map_err(StoreError::of("read an operation"))
    }

    /// Returns the small columns of the operation that the newest run of operation `id` handed over to.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn find_next(&self, id: OperationId) -> Result<Option<Model>, StoreError> {
        let chained_to = Query::select()
            .column(Column::ChainedTo)
            .from(Entity)
            .and_where(Column::Id.eq(id.as_uuid()))
            .take();
        Columns::Small
            .select(self.backend())
            .filter(Column::Id.in_subquery(chained_to))
            .one(self.statements())
            .await
            .map_err(StoreError::of("read a chain"))
    }

    /// Lists at most `limit` operations with these columns, newest first by default.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn list(
        &self,
        filter: &ListFilter,
        limit: u64,
        columns: Columns,
    ) -> Result<Vec<Model>, StoreError> {
        let rows =
            self.statements().query_all(&filter.select(columns, limit, self.backend())).await;
        let rows = rows.and_then(|rows| {
            rows.iter().map(|row| Model::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()
        });
        let mut rows = rows.map_err(StoreError::of("list operations"))?;
        if filter.cursor.0.is_backwards() {
            rows.reverse();
        }
        Ok(rows)
    }

    /// Counts the operations on all pages of a list.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn count(&self, filter: &ListFilter) -> Result<u64, StoreError> {
        let ids = Entity::find().select_only().column(Column::Id);
        filter
            .restrict(ids, self.backend())
            .count(self.statements())
            .await
            .map_err(StoreError::of("count operations"))
    }

    /// Lists a page of at most `len` operations with these columns, and the positions of the next and the
    /// previous page. A search for a text reads a limited number of rows: the page may end, and continue on the next
    /// page, before it has `len` rows.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn list_page(
        &self,
        filter: &ListFilter,
        len: u64,
        columns: Columns,
    ) -> Result<RowPage, StoreError> {
        let limit = len.saturating_add(1);
        match filter.search_first(columns, limit, self.backend()) {
            Some(search) => self.search_page(filter, search, len).await,
            None => Ok(RowPage::of(filter, self.list(filter, limit, columns).await?, len)),
        }
    }

    /// Updates at most one row, and returns these columns of it.
    pub(super) async fn update_one(
        &self,
        update: UpdateMany<Entity>,
        columns: Columns,
        action: &'static str,
    ) -> Result<Option<Model>, StoreError> {
        let mut update = update.into_query();
        update.returning(columns.returning(self.backend()));
        let mut rows = self.write(update, action).await?;
        Ok(rows.pop())
    }

    /// Updates at most one row, inserts `records` in the same commit if it did, and returns these columns of the
    /// row.
    pub(super) async fn update_one_recorded(
        &self,
        update: UpdateMany<Entity>,
        records: impl IntoIterator<Item = Record>,
        columns: Columns,
        action: &'static str,
    ) -> Result<Option<Model>, StoreError> {
        let mut update = update.into_query();
        let records: Vec<Record> = records.into_iter().collect();
        let written = RecordedWrite::written_columns(self.backend(), &records, columns);
        update.returning(written.returning(self.backend()));
        let write = RecordedWrite::new(self.backend(), update, records, columns);
        let mut rows = self.write_recorded(write, action).await?;
        Ok(rows.pop())
    }

    /// Waits for an answer in a transaction that runs code of the application.
    pub(super) async fn wait_for<T>(
        &self,
        answer: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        self.connections.wait_for(answer).await
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.db().get_database_backend()
    }

    /// Runs a writing statement and returns its rows. Drops the builder first, because its values may be large.
    pub(super) async fn write<Row: FromQueryResult>(
        &self,
        builder: impl StatementBuilder,
        action: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        let write = RecordedWrite::without_record(self.backend(), builder);
        self.write_recorded(write, action).await
    }

    /// Runs a writing statement and returns its rows.
    pub(super) async fn write_statement<Row: FromQueryResult>(
        &self,
        statement: Statement,
        action: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        self.write_recorded(RecordedWrite { statement, then: Vec::new() }, action).await
    }

    /// Runs a write with its record and returns the rows of the write.
    pub(super) async fn write_recorded<Row: FromQueryResult>(
        &self,
        write: RecordedWrite,
        action: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.writer.write(write).await;
        let rows = rows.and_then(|rows| {
            rows.iter().map(|row| Row::from_query_result(row, "")).collect::<Result<_, _>>()
        });
        rows.map_err(StoreError::of(action))
    }
}
