//! Migrations beside processes that use the tables.

use std::{env, future::Future, time::Duration};

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, TransactionTrait};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};
use tokio::{
    sync::Notify,
    task::{self, JoinSet},
    time::{self, Instant},
};

use super::{
    database::{TestDatabase, is_waiting, value},
    large_table::LargeTable,
    migration_load::{self, First},
    operations::enqueued,
};
use crate::store::{self, Migrator, Store, migrate::LONG_MIGRATION};

/// The version without an index that a later migration adds.
type BeforeIndex = First<4>;

/// Far more than any query here takes that waits for nobody.
const SOON: Duration = Duration::from_secs(20);

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    time::timeout(SOON, work).await.unwrap_or_else(|_| panic!("{what} did not answer"))
}

const INSERT: &str = "INSERT INTO liveops_operation (id, op_type, owner, input, payload_version, language, \
    created_on, finished_successfully, cancel_requested, cancelled, stage_states, has_stage_outputs, \
    status_text, status_level, log, log_seq, queue, priority, due_on, attempt, attempts_before, \
    max_attempts, rescues, backoff_first_ms, backoff_longest_ms) \
    SELECT gen_random_uuid(), 't.t', 'ann', '{}', 1, 'en', now(), false, false, false, '[]', false, '', \
    'info', '[]', 0, '', 0, now(), 1, 0, 1, 0, 1, 1";

#[tokio::test]
async fn a_migration_behind_a_long_transaction_blocks_no_reader() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let db = database.connect().await;
    store::migrate::<First<1>>(&db).await.unwrap();
    let reader = db.begin().await.unwrap();
    reader.execute_unprepared("SELECT 1 FROM liveops_operation").await.unwrap();
    let migrating = tokio::spawn({
        let db = db.clone();
        async move { store::migrate::<Migrator>(&db).await }
    });
    soon("the migration", is_waiting(&db, "ALTER TABLE")).await;
    // Waits behind `ALTER TABLE`, which gives up although the transaction goes on.
    soon("a reader", db.execute_unprepared("SELECT 1 FROM liveops_operation")).await.unwrap();
    assert!(!migrating.is_finished());
    reader.commit().await.unwrap();
    soon("the migration", migrating).await.unwrap().unwrap();
    assert!(Migrator::get_pending_migrations(&db).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_lock_of_the_migrations_outlasts_the_limit_of_idle_transactions() {
    const LIMIT: &str = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET \
        idle_in_transaction_session_timeout = 200', current_database()); END $$";
    // `NULL` if no connection holds the lock.
    const IS_BEYOND: &str = "SELECT bool_or(clock_timestamp() - state_change > interval '500 ms') \
        FROM pg_stat_activity WHERE datname = current_database() \
        AND state = 'idle in transaction' AND query LIKE '%liveops.migrate%'";
    let Some(database) = TestDatabase::postgres().await else { return };
    // Connections from before the limit.
    let (db, watcher) = (database.connect().await, database.connect().await);
    store::migrate::<First<1>>(&db).await.unwrap();
    let reader = db.begin().await.unwrap();
    reader.execute_unprepared("SELECT 1 FROM liveops_operation").await.unwrap();
    watcher.execute_unprepared(LIMIT).await.unwrap();
    let migrating = tokio::spawn({
        let db = database.connect().await;
        async move { store::migrate::<Migrator>(&db).await }
    });
    soon("the migration", is_waiting(&watcher, "ALTER TABLE")).await;
    let beyond = async {
        while !value::<Option<bool>>(&watcher, IS_BEYOND).await.expect("the lock is held") {
            task::yield_now().await;
        }
    };
    soon("the limit", beyond).await;
    reader.commit().await.unwrap();
    soon("the migration", migrating).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_index_is_built_beside_writers() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let db = database.connect().await;
    store::migrate::<BeforeIndex>(&db).await.unwrap();
    let writer = db.begin().await.unwrap();
    writer.execute_unprepared(INSERT).await.unwrap();
    let migrating = tokio::spawn({
        let db = db.clone();
        async move { store::migrate::<Migrator>(&db).await }
    });
    soon("the migration", is_waiting(&db, "CREATE INDEX")).await;
    soon("another writer", db.execute_unprepared(INSERT)).await.unwrap();
    assert!(!migrating.is_finished());
    writer.commit().await.unwrap();
    soon("the migration", migrating).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_invalid_index_of_a_failed_build_is_built_again() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let db = database.connect().await;
    store::migrate::<First<1>>(&db).await.unwrap();
    db.execute_unprepared(&format!("{INSERT} FROM generate_series(1, 2)")).await.unwrap();
    // Fails because of the two rows, and leaves the index behind.
    let build =
        "CREATE UNIQUE INDEX CONCURRENTLY liveops_operation_running ON liveops_operation (owner)";
    db.execute_unprepared(build).await.unwrap_err();
    const IS_VALID: &str =
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'liveops_operation_running'::regclass";
    assert!(!value::<bool>(&db, IS_VALID).await);

    soon("the migration", store::migrate::<First<5>>(&db)).await.unwrap();
    assert!(value::<bool>(&db, IS_VALID).await);
    let definition: String =
        value(&db, "SELECT pg_get_indexdef('liveops_operation_running'::regclass)").await;
    assert!(definition.contains("(started_on, id)"), "{definition}");
}

#[tokio::test]
async fn processes_that_start_together_migrate_once() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let mut processes = JoinSet::new();
    for _ in 0..4 {
        let db = database.connect().await;
        processes.spawn(async move { store::migrate::<Migrator>(&db).await });
    }
    for migrated in soon("a process", processes.join_all()).await {
        migrated.unwrap();
    }
}

#[tokio::test]
async fn a_role_without_rights_to_create_tables_needs_none_on_migrated_tables() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let db = database.connect().await;
    store::migrate::<Migrator>(&db).await.unwrap();
    let role = database.connect_with_data_rights().await;
    store::migrate::<Migrator>(&role).await.unwrap();
    role.execute_unprepared("CREATE TABLE of_the_role (id int)").await.unwrap_err();
}

/// A migration that locks the file for long, and a second one that counts what others wrote before it.
struct LongMigrations;

struct LongMigration;

struct CountRows;

/// Notified when the long migration has locked the file.
static IS_LOCKED: Notify = Notify::const_new();

impl MigratorTrait for LongMigrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(LongMigration), Box::new(CountRows)]
    }
}

impl MigrationName for LongMigration {
    fn name(&self) -> &str {
        "m1_long"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for LongMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        const WORK: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
            WHERE i < 10000) SELECT count(*) FROM n";
        IS_LOCKED.notify_one();
        let began_on = Instant::now();
        while began_on.elapsed() < LONG_MIGRATION {
            manager.get_connection().execute_unprepared(WORK).await?;
        }
        Ok(())
    }
}

impl MigrationName for CountRows {
    fn name(&self) -> &str {
        "m2_count"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for CountRows {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let count = "CREATE TABLE counted AS SELECT count(*) AS rows FROM written";
        manager.get_connection().execute_unprepared(count).await.map(drop)
    }
}

#[tokio::test]
async fn a_writer_of_a_sqlite_file_gets_a_turn_after_a_long_migration() {
    let database = TestDatabase::sqlite_file();
    let (db, writer) = (database.connect().await, database.connect().await);
    writer.execute_unprepared("CREATE TABLE written (id int)").await.unwrap();
    let write = async {
        IS_LOCKED.notified().await;
        writer.execute_unprepared("INSERT INTO written VALUES (1)").await.unwrap();
    };
    let (migrated, ()) = tokio::join!(store::migrate::<LongMigrations>(&db), write);
    migrated.unwrap();
    assert_eq!(value::<i64>(&db, "SELECT rows FROM counted").await, 1);
}

#[tokio::test]
async fn the_large_columns_of_a_sqlite_file_move_behind_the_others_with_their_values() {
    const VALUES: &str = "SELECT group_concat(id || input || result_context || traceback || stage_states) \
        FROM (SELECT hex(id) AS id, input, coalesce(result_context, '-') AS result_context, \
        coalesce(traceback, '-') AS traceback, stage_states FROM liveops_operation ORDER BY id)";
    let database = TestDatabase::sqlite_file();
    let db = database.connect().await;
    store::migrate::<First<10>>(&db).await.unwrap();
    let table = LargeTable {
        ended: 90,
        running: 5,
        waiting: 5,
        scheduled: 1,
        of_another_type: 1,
        has_contents: true,
    };
    db.execute_unprepared(&table.insertion(false)).await.unwrap();
    let before: String = value(&db, VALUES).await;

    store::migrate::<Migrator>(&db).await.unwrap();
    assert_eq!(value::<String>(&db, VALUES).await, before);
    let columns = Statement::from_string(
        DbBackend::Sqlite,
        "SELECT name FROM pragma_table_info('liveops_operation') ORDER BY cid DESC LIMIT 6",
    );
    let columns = db.query_all_raw(columns).await.unwrap();
    let columns = columns.iter().map(|row| row.try_get_by_index(0).unwrap());
    let last: Vec<String> = columns.collect();
    let expected = ["log", "input", "result_context", "traceback", "stage_timings", "stage_states"];
    assert_eq!(last, expected);
    enqueued(&Store::new(database.connect().await)).await;
}

/// The number of operations in CI. `LIVEOPS_TEST_MIGRATED_ROWS` sets another one.
const ROWS: u32 = 20_000;

/// Less than the ten seconds for which a process waits for the lock of a SQLite file.
const WRITE_WAIT_MAX: Duration = Duration::from_secs(9);

const READ_WAIT_MAX: Duration = Duration::from_secs(3);

/// Migrates the tables of an earlier version beside processes that read and write.
async fn nothing_is_lost_or_refused_beside_a_migration(database: TestDatabase) {
    let rows = env::var("LIVEOPS_TEST_MIGRATED_ROWS").map_or(ROWS, |rows| rows.parse().unwrap());
    let migrated = migration_load::migrate(rows, async || database.connect().await).await.unwrap();
    assert_eq!(migrated.reads.errors, [""; 0]);
    assert_eq!(migrated.writes.errors, [""; 0]);
    assert_eq!(migrated.rows, migrated.rows_expected);
    assert_eq!(migrated.ended, migrated.ended_expected);
    assert_eq!(migrated.texts, migrated.texts_expected);
    assert_eq!(migrated.large[0], migrated.large[1]);
    assert!(migrated.large[0] > i64::from(rows) / 20);
    assert!(migrated.reads.count > 0 && migrated.ended > 0, "{migrated:?}");
    let longest = (migrated.reads.longest, migrated.writes.longest);
    let took = migrated.took;
    assert!(
        longest.0 <= READ_WAIT_MAX && longest.1 <= WRITE_WAIT_MAX,
        "waited {longest:?} of {took:?}"
    );
    let pending = Migrator::get_pending_migrations(&database.connect().await).await.unwrap();
    assert!(pending.is_empty());
}

#[tokio::test]
async fn nothing_is_lost_or_refused_beside_a_migration_of_a_sqlite_file() {
    nothing_is_lost_or_refused_beside_a_migration(TestDatabase::sqlite_file()).await;
}

#[tokio::test]
async fn nothing_is_lost_or_refused_beside_a_migration_of_postgres() {
    let Some(database) = TestDatabase::postgres().await else { return };
    nothing_is_lost_or_refused_beside_a_migration(database).await;
}
