//! Processes of an earlier version that read and write beside a migration, for tests and for a benchmark.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use sea_orm_migration::{MigrationTrait, MigratorTrait, prelude::*};
use tokio::time;
use uuid::Uuid;

use super::{large_table::LargeTable, store};

/// The first migrations only, as in a database of an earlier version.
pub(crate) struct First<const LEN: usize>;

impl<const LEN: usize> MigratorTrait for First<LEN> {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        store::migrations().into_iter().take(LEN).collect()
    }

    fn migration_table_name() -> DynIden {
        store::Migrator::migration_table_name()
    }
}

/// The last version without migrations for large tables.
pub(crate) type EarlierVersion = First<4>;

/// Interval between two statements of a process.
const PACE: Duration = Duration::from_millis(5);

/// Number of processes that read, and number of processes that write.
const PROCESSES: usize = 2;

/// Number of rows of runs that the processes keep updating.
const RUNNING: u32 = 20;

/// A migration beside processes that read and write.
#[derive(Debug)]
pub(crate) struct Migrated {
    pub(crate) took: Duration,
    pub(crate) reads: Waits,
    pub(crate) writes: Waits,
    /// The number of rows after the migration, and the number that the processes have left.
    pub(crate) rows: i64,
    pub(crate) rows_expected: i64,
    /// The number of rows that the processes have inserted and ended, and their number after the migration.
    pub(crate) ended: i64,
    pub(crate) ended_expected: i64,
    /// The status texts of the running operations, and the last ones written, in the order of the IDs.
    pub(crate) texts: Vec<String>,
    pub(crate) texts_expected: Vec<String>,
    /// The number of rows with a large input or log, before and after the migration.
    pub(crate) large: [i64; 2],
}

/// The statements of processes, with their errors.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    pub(crate) count: usize,
    pub(crate) longest: Duration,
    pub(crate) errors: Vec<String>,
}

impl Waits {
    async fn execute(&mut self, db: &DatabaseConnection, sql: &str) {
        let began_on = Instant::now();
        if let Err(error) = db.execute_unprepared(sql).await {
            self.errors.push(format!("{error}: {sql}"));
        }
        self.count += 1;
        self.longest = self.longest.max(began_on.elapsed());
    }

    fn of(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self::default(), |mut sum, one| {
            sum.count += one.count;
            sum.longest = sum.longest.max(one.longest);
            sum.errors.extend(one.errors);
            sum
        })
    }
}

/// Fills the tables of the earlier version with `rows` operations, and migrates them beside processes of that
/// version. `connect` opens the connection of a process.
pub(crate) async fn migrate(
    rows: u32,
    connect: impl AsyncFn() -> DatabaseConnection,
) -> Result<Migrated, DbErr> {
    let db = connect().await;
    store::migrate::<EarlierVersion>(&db).await.map_err(custom)?;
    let is_postgres = db.get_database_backend() == DbBackend::Postgres;
    let waiting = rows / 4;
    let table = LargeTable {
        ended: rows - RUNNING - waiting,
        running: RUNNING,
        waiting,
        scheduled: waiting / 8,
        of_another_type: waiting / 8,
        has_contents: true,
    };
    db.execute_unprepared(&table.insertion(is_postgres)).await?;
    if is_postgres {
        db.execute_unprepared("VACUUM ANALYZE liveops_operation").await?;
    }
    let count_large = "SELECT count(*) FROM liveops_operation \
        WHERE length(CAST(input AS text)) > 1000 OR length(CAST(log AS text)) > 1000";
    let count_large_after = "SELECT count(*) FROM liveops_operation \
        WHERE length(CAST(input AS text)) > 1000 OR EXISTS (SELECT 1 FROM liveops_log \
        WHERE operation = liveops_operation.id AND length(CAST(lines AS text)) > 1000)";
    let large = number(&db, count_large).await?;
    let running = running(&db).await?;

    let mut processes = Vec::new();
    for _ in 0..2 * PROCESSES {
        processes.push(connect().await);
    }
    let has_ended = AtomicBool::new(false);
    let began_on = Instant::now();
    let migrating = async {
        let migrated = store::migrate::<store::Migrator>(&db).await.map_err(custom);
        has_ended.store(true, Ordering::Relaxed);
        migrated.map(|()| began_on.elapsed())
    };
    let (readers, writers) = processes.split_at(PROCESSES);
    let [r1, r2] = readers else { unreachable!("there are two") };
    let [w1, w2] = writers else { unreachable!("there are two") };
    let (first, second) = running.split_at(running.len() / 2);
    let (took, reads_1, reads_2, writes_1, writes_2) = tokio::join!(
        migrating,
        read(r1, &has_ended),
        read(r2, &has_ended),
        write(w1, &has_ended, first),
        write(w2, &has_ended, second),
    );
    let (writes_1, writes_2) = (writes_1?, writes_2?);
    let texts_of = |rows: Vec<(Uuid, String)>| rows.into_iter().map(|(_, text)| text);
    let texts = self::running(&db).await?;
    Ok(Migrated {
        took: took?,
        reads: Waits::of([reads_1, reads_2]),
        rows: number(&db, "SELECT count(*) FROM liveops_operation").await?,
        rows_expected: i64::from(rows) + writes_1.ended + writes_2.ended,
        ended: number(
            &db,
            "SELECT count(*) FROM liveops_operation WHERE owner = 'beside' AND finished_on IS NOT NULL \
             AND status_text = 'the end'",
        )
        .await?,
        ended_expected: writes_1.ended + writes_2.ended,
        texts: texts_of(texts).collect(),
        texts_expected: texts_of(writes_1.running).chain(texts_of(writes_2.running)).collect(),
        large: [large, number(&db, count_large_after).await?],
        writes: Waits::of([writes_1.waits, writes_2.waits]),
    })
}

fn custom(error: impl std::error::Error) -> DbErr {
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    DbErr::Custom(format!("{error}: {source}"))
}

async fn number(db: &DatabaseConnection, sql: &str) -> Result<i64, DbErr> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.query_one_raw(statement).await?.map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// Returns the running operations with their status texts.
async fn running(db: &DatabaseConnection) -> Result<Vec<(Uuid, String)>, DbErr> {
    const RUNNING: &str = "SELECT id, status_text FROM liveops_operation \
        WHERE started_on IS NOT NULL AND finished_on IS NULL ORDER BY id";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), RUNNING)).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Reads lists, and the row of one operation, until the migration has ended.
async fn read(db: &DatabaseConnection, has_ended: &AtomicBool) -> Waits {
    let mut waits = Waits::default();
    let mut pace = time::interval(PACE);
    let columns =
        "id, op_type, owner, input, created_on, started_on, finished_on, status_text, log";
    for number in 0.. {
        if has_ended.load(Ordering::Relaxed) {
            break;
        }
        pace.tick().await;
        let user = number % 500;
        let lists = [
            format!("WHERE owner = 'user_{user}' ORDER BY id DESC LIMIT 51"),
            "ORDER BY id DESC LIMIT 51".to_owned(),
        ];
        let list = &lists[number % 2];
        waits.execute(db, &format!("SELECT {columns} FROM liveops_operation {list}")).await;
    }
    waits
}

struct Written {
    waits: Waits,
    /// The number of operations that were inserted, and then ended.
    ended: i64,
    /// The running operations with the last written status texts.
    running: Vec<(Uuid, String)>,
}

/// Inserts operations, ends them, and writes the status of running ones, until the migration has ended.
async fn write(
    db: &DatabaseConnection,
    has_ended: &AtomicBool,
    running: &[(Uuid, String)],
) -> Result<Written, DbErr> {
    let is_postgres = db.get_database_backend() == DbBackend::Postgres;
    let literal = |id: Uuid| {
        if is_postgres { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
    };
    let now = if is_postgres { "now()" } else { "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')" };
    let mut written = Written { waits: Waits::default(), ended: 0, running: running.to_vec() };
    let mut pace = time::interval(PACE);
    let mut number = 0;
    while !has_ended.load(Ordering::Relaxed) {
        let id = literal(Uuid::now_v7());
        let insert = format!(
            "INSERT INTO liveops_operation (id, op_type, owner, input, payload_version, language, created_on, \
             finished_successfully, cancel_requested, cancelled, stage_states, has_stage_outputs, status_text, \
             status_level, log, log_seq, queue, priority, due_on, attempt, attempts_before, max_attempts, rescues, \
             backoff_first_ms, backoff_longest_ms) VALUES ({id}, 'test.type_1', 'beside', '{{}}', 1, 'en', {now}, \
             false, false, false, '[]', false, '', 'info', '[]', 0, 'queue_1', 0, {now}, 1, 0, 1, 0, 1, 1)"
        );
        let end = format!(
            "UPDATE liveops_operation SET started_on = {now}, finished_on = {now}, finished_successfully = true, \
             status_text = 'the end', log = '[1]' WHERE id = {id} AND finished_on IS NULL"
        );
        let (run, text) = &mut written.running[number % running.len()];
        number += 1;
        *text = format!("step {number}");
        let beat = format!(
            "UPDATE liveops_operation SET status_text = '{text}', lease_until = {now} \
             WHERE id = {} AND attempt = 1 AND finished_on IS NULL",
            literal(*run)
        );
        for sql in [insert, end, beat] {
            pace.tick().await;
            written.waits.execute(db, &sql).await;
        }
        written.ended += 1;
    }
    Ok(written)
}
