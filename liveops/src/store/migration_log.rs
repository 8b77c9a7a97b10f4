//! The migrations that create the table of the logs, and move the logs into it.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::{prelude::*, schema::*};
use tokio::time::{self, Instant};
use uuid::Uuid;

use super::{
    Column as Operations, Entity as Operation,
    log::{Column, Entity},
    migrate::{self, LONG_MIGRATION, WRITERS_TURN},
    migration::run_on_postgres,
};

/// The migration for the number of lines before the newest retry.
pub(super) struct AddLogFrom;

impl MigrationName for AddLogFrom {
    fn name(&self) -> &str {
        "liveops_0022_add_log_from"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for AddLogFrom {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let from = big_integer(Operations::LogFrom).default(0).take();
        manager.alter_table(Table::alter().table(Operation).add_column(from).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let from = Table::alter().table(Operation).drop_column(Operations::LogFrom).take();
        manager.alter_table(from).await
    }
}

/// The migration for the logs. No foreign key, as for the attempts.
///
/// The column `log` of the operations stays, with a default: processes of an earlier version read and write it until
/// they are replaced.
pub(super) struct CreateLogs;

impl MigrationName for CreateLogs {
    fn name(&self) -> &str {
        "liveops_0022_create_logs"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for CreateLogs {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Entity)
            .col(uuid(Column::Operation))
            .col(big_integer(Column::FirstLine))
            .col(integer(Column::Attempt))
            .col(integer(Column::LineCount))
            .col(integer(Column::TextBytes))
            .col(json_binary(Column::Lines))
            .primary_key(Index::create().col(Column::Operation).col(Column::FirstLine))
            .take();
        manager.create_table(table).await?;
        // On SQLite, the column got its default when it moved.
        run_on_postgres(manager, "ALTER TABLE liveops_operation ALTER COLUMN log SET DEFAULT '[]'")
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_on_postgres(manager, "ALTER TABLE liveops_operation ALTER COLUMN log DROP DEFAULT")
            .await?;
        manager.drop_table(Table::drop().table(Entity).take()).await
    }
}

/// The migration that moves the lines of each operation from its row into the table, as one chunk.
///
/// [`move_logs`] does nearly all of the work before this migration, in short transactions.
pub(super) struct MoveLogs;

impl MigrationName for MoveLogs {
    fn name(&self) -> &str {
        MOVE_LOGS
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for MoveLogs {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, mut from) = (manager.get_connection(), Uuid::nil());
        loop {
            let ids = next_step(connection, from).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            from = *last;
            move_lines(connection, ids).await?;
        }
    }

    /// Moves the newest chunk of each log back.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        const BACK: &str = "UPDATE liveops_operation SET log = (SELECT lines FROM liveops_log \
            WHERE operation = id ORDER BY first_line DESC LIMIT 1) \
            WHERE EXISTS (SELECT 1 FROM liveops_log WHERE operation = id)";
        manager.get_connection().execute_unprepared(BACK).await.map(drop)
    }
}

/// The name of [`MoveLogs`].
pub(super) const MOVE_LOGS: &str = "liveops_0022_move_logs";

/// Number of operations whose lines one step moves.
const STEP_LEN: u64 = 100;

/// Moves the lines of all operations in short transactions, so that other processes write in between. A later call
/// continues after an error.
pub(super) async fn move_logs(db: &DatabaseConnection) -> Result<(), DbErr> {
    let (mut from, mut turn) = (Uuid::nil(), Instant::now());
    loop {
        // Outside of the transaction, which locks a SQLite file.
        let ids = next_step(db, from).await?;
        let Some(last) = ids.last() else { return Ok(()) };
        from = *last;
        let transaction = migrate::begin(db).await?;
        move_lines(&transaction, ids).await?;
        transaction.commit().await?;
        if db.get_database_backend() == DbBackend::Sqlite && turn.elapsed() >= LONG_MIGRATION {
            time::sleep(WRITERS_TURN).await;
            turn = Instant::now();
        }
    }
}

/// Returns the next operations behind `from` with lines in their rows.
async fn next_step(db: &impl ConnectionTrait, from: Uuid) -> Result<Vec<Uuid>, DbErr> {
    const NEXT: &str =
        "SELECT id FROM liveops_operation WHERE id > $1 AND log <> '[]' ORDER BY id LIMIT $2";
    let values = [from.into(), STEP_LEN.into()];
    let next = Statement::from_sql_and_values(db.get_database_backend(), NEXT, values);
    let rows = db.query_all_raw(next).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// Moves the lines of these operations.
async fn move_lines(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<(), DbErr> {
    let is_postgres = db.get_database_backend() == DbBackend::Postgres;
    let (count, bytes) = match is_postgres {
        true => ("jsonb_array_length(log)", "octet_length(log::text)"),
        false => ("json_array_length(log)", "length(log)"),
    };
    // While the operation waits, the row has the number of the next attempt.
    let attempt =
        "attempt - CASE WHEN started_on IS NULL AND finished_on IS NULL THEN 1 ELSE 0 END";
    let first_line = format!("CASE WHEN log_seq > {count} THEN log_seq - {count} ELSE 0 END");
    let selected = ["id", &first_line, attempt, count, bytes, "log"];
    let selected = selected.map(|column| Expr::cust(column.to_owned()));
    let is_moved = || Expr::col(Operations::Id).is_in(ids.iter().copied());
    let lines = Query::select().exprs(selected).from(Operation).and_where(is_moved()).take();
    let columns = [
        Column::Operation,
        Column::FirstLine,
        Column::Attempt,
        Column::LineCount,
        Column::TextBytes,
        Column::Lines,
    ];
    let mut insert = Query::insert().into_table(Entity).columns(columns).take();
    insert.select_from(lines).expect("as many values as columns");
    insert.on_conflict(OnConflict::new().do_nothing().to_owned());
    db.execute(&insert).await?;
    let empty = Query::update()
        .table(Operation)
        .value("log", Expr::cust("'[]'"))
        .and_where(is_moved())
        .take();
    db.execute(&empty).await.map(drop)
}
