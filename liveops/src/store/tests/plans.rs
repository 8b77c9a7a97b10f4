//! The plans of the queries on large tables: each query reads an index in its order, and few other rows.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{
    database::{TestDatabase, on_every_database, value},
    operations::{KIND, LEASE, fill, fill_without_statistics, store},
};
use crate::{
    operation::{Attempt, ListSort, OperationState},
    projection::LogSize,
    store::{
        Claim, Columns, Heartbeat, ListFilter, LogAppend, OwnerLimits, OwnerTurn, Store,
        shares::{LINES, shares_sql},
    },
};

/// Returns the plan of a statement, one step a line.
async fn plan(store: &Store, statement: Statement) -> String {
    let explain = match store.backend() {
        DbBackend::Postgres => "EXPLAIN",
        _ => "EXPLAIN QUERY PLAN",
    };
    let sql = format!("{explain} {}", statement.sql);
    let explained = Statement { sql, ..statement };
    let rows = store.db().query_all_raw(explained).await.unwrap();
    let column = if store.backend() == DbBackend::Postgres { 0 } else { 3 };
    let lines = rows.iter().map(|row| row.try_get_by_index::<String>(column).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// A store that records its statements.
struct Recorded {
    store: Store,
    statements: Arc<Mutex<Vec<Statement>>>,
}

impl Recorded {
    async fn filled(db: &TestDatabase) -> Self {
        Self::filled_by(db, fill).await
    }

    async fn filled_by(db: &TestDatabase, fill: impl AsyncFnOnce(&Store)) -> Self {
        store(db).await;
        let statements: Arc<Mutex<Vec<Statement>>> = Arc::default();
        let mut connection = db.connect().await;
        let recorded = statements.clone();
        connection.set_metric_callback(move |info| {
            recorded.lock().unwrap().push(info.statement.clone());
        });
        // The connections that a store opens itself have no callback.
        let store = Store::on_own_connection(connection, None);
        fill(&store).await;
        Self { store, statements }
    }

    /// Returns the names of the indexes that `work` reads, without the prefix of the table. An index that
    /// locates one row by its ID is left out.
    async fn indexes<T>(&self, work: impl AsyncFn(&Store) -> T) -> BTreeSet<String> {
        self.statements.lock().unwrap().clear();
        work(&self.store).await;
        let statements = std::mem::take(&mut *self.statements.lock().unwrap());
        let mut indexes = BTreeSet::new();
        for statement in statements.into_iter().filter(|it| it.sql.contains("liveops_operation")) {
            let plan = plan(&self.store, statement.clone()).await;
            indexes.extend(self.indexes_in(&plan, &statement.sql));
        }
        indexes
    }

    fn indexes_in(&self, plan: &str, sql: &str) -> Vec<String> {
        let mut indexes = Vec::new();
        for step in plan.lines() {
            let scans_the_table = match self.store.backend() {
                DbBackend::Postgres => step.contains("Seq Scan on liveops_operation"),
                _ => step.starts_with("SCAN liveops_operation") && !step.contains("INDEX"),
            };
            assert!(!scans_the_table, "reads the whole table: {sql}\n{plan}");
            let name = ["using ", "Bitmap Index Scan on ", "INDEX "]
                .iter()
                .find_map(|before| step.split_once(before))
                .map(|(_, name)| name.split([' ', '(']).next().unwrap());
            let by_id =
                step.contains("(id=?)") || step.contains("autoindex") && step.contains("SEARCH");
            indexes.extend(name.filter(|_| !by_id).map(|name| {
                name.trim_start_matches("liveops_operation_")
                    .trim_start_matches("sqlite_")
                    .to_owned()
            }));
        }
        indexes
    }
}

fn filter(state: Option<OperationState>) -> ListFilter {
    ListFilter::new().with_states(state)
}

/// Lists with the index that each database reads.
fn lists() -> Vec<(&'static str, ListFilter, &'static str, &'static str)> {
    use OperationState::{Cancelled, FinishedError, FinishedOk, NotStarted, Started};

    let all = ListFilter::new;
    let (anns, of_type) = (all().with_owner("user_7"), all().with_op_type("test.type_3"));
    let ended = all().with_sort(ListSort::LastFinished);
    let running = all().with_sort(ListSort::LongestRunning);
    vec![
        ("all", all(), "autoindex_liveops_operation_1", "pkey"),
        ("waiting", filter(Some(NotStarted)), "not_started", "not_started"),
        ("running", filter(Some(Started)), "started", "started"),
        ("finished", filter(Some(FinishedOk)), "finished", "finished"),
        ("failed", filter(Some(FinishedError)), "failed", "failed"),
        ("cancelled", filter(Some(Cancelled)), "cancelled", "cancelled"),
        (
            "unfinished",
            all().with_states([NotStarted, Started]),
            "not_started started",
            "not_started started",
        ),
        (
            "failed or cancelled",
            all().with_states([Cancelled, FinishedError]),
            "cancelled failed",
            "cancelled failed",
        ),
        (
            "last failed or cancelled",
            ended.clone().with_states([Cancelled, FinishedError]),
            "cancelled_last failed_last",
            "cancelled_last failed_last",
        ),
        ("an owner's", anns.clone(), "owner", "owner"),
        ("an owner's running", anns.clone().with_state(Started), "started", "owner started"),
        ("an owner's failed", anns.clone().with_state(FinishedError), "owner", "owner"),
        ("a type's", of_type.clone(), "type", "type"),
        ("the waiting of a type", of_type.clone().with_state(NotStarted), "type", "type"),
        ("the finished of a type", of_type.clone().with_state(FinishedOk), "type", "type"),
        ("the failed of a type", of_type.clone().with_state(FinishedError), "type", "type"),
        ("a type's running", of_type.clone().with_state(Started), "started", "started"),
        ("a rare type's", all().with_op_type("test.none"), "type", "type"),
        ("an owner's of a type", anns.with_op_type("test.type_3"), "owner", "owner type"),
        ("last ended", ended.clone(), "last_ended", "last_ended"),
        ("last finished", ended.clone().with_state(FinishedOk), "last_ended", "last_ended"),
        ("last failed", ended.clone().with_state(FinishedError), "failed_last", "failed_last"),
        ("last cancelled", ended.clone().with_state(Cancelled), "cancelled_last", "cancelled_last"),
        (
            "last ended of a type",
            ended.clone().with_op_type("test.type_3"),
            "type_ended",
            "type_ended",
        ),
        ("last ended of a rare type", ended.with_op_type("test.none"), "type_ended", "type_ended"),
        ("longest running", running.clone(), "running", "running"),
        ("longest running of a type", running.with_op_type("test.type_3"), "running", "running"),
    ]
}

on_every_database! {
    async fn every_list_reads_an_index(db: TestDatabase) {
        let recorded = Recorded::filled(&db).await;
        let is_postgres = recorded.store.backend() == DbBackend::Postgres;
        for (what, filter, sqlite, postgres) in lists() {
            let list = async |store: &Store| store.list(&filter, 51, Columns::Small).await.unwrap();
            let found: Vec<_> = recorded.indexes(list).await.into_iter().collect();
            let expected = if is_postgres { postgres } else { sqlite };
            assert_eq!(found.join(" "), expected, "{what}");
        }
    }

    async fn no_combination_of_filters_reads_the_whole_table(db: TestDatabase) {
        let recorded = Recorded::filled(&db).await;
        let states = OperationState::ALL.map(Some).into_iter().chain([None]);
        for (state, sort) in states.flat_map(|state| ListSort::ALL.map(|sort| (state, sort))) {
            for op_type in [None, Some("test.type_3"), Some("test.none")] {
                for owner in [None, Some("user_7")] {
                    let filter = ListFilter {
                        op_type: op_type.map(Into::into),
                        owner: owner.map(Into::into),
                        ..filter(state).with_sort(sort)
                    };
                    let list = async |store: &Store| store.list(&filter, 51, Columns::Small).await.unwrap();
                    // Panics if a step reads the whole table.
                    recorded.indexes(list).await;
                }
            }
        }
    }

    async fn the_count_of_waiting_operations_reads_no_rows(db: TestDatabase) {
        let recorded = Recorded::filled(&db).await;
        recorded.statements.lock().unwrap().clear();
        recorded.store.waiting().await.unwrap();
        let statements = std::mem::take(&mut *recorded.statements.lock().unwrap());
        assert_eq!(statements.len(), 2);
        for (statement, index) in statements.into_iter().zip(["ready_by_version", "scheduled_by_version"]) {
            let plan = plan(&recorded.store, statement).await;
            let expected = match recorded.store.backend() {
                DbBackend::Postgres => format!("Index Only Scan using liveops_operation_{index}"),
                _ => format!("COVERING INDEX liveops_operation_{index}"),
            };
            assert!(plan.contains(&expected), "{plan}");
        }
    }

    async fn the_attempts_actions_and_logs_of_an_operation_are_read_by_an_index(db: TestDatabase) {
        const ATTEMPTS: &str =
            "INSERT INTO liveops_attempt (operation, attempt, started_on, ended_on, outcome) \
             SELECT id, 1, created_on, created_on, 'failed' FROM liveops_operation";
        const ACTIONS: &str = "INSERT INTO liveops_action (id, operation, at, kind) \
                               SELECT id, id, created_on, 'create' FROM liveops_operation";
        const LOGS: &str = "INSERT INTO liveops_log (operation, first_line, attempt, line_count, text_bytes, lines) \
                            SELECT id, 0, 1, 1, 1, '[]' FROM liveops_operation";
        let recorded = Recorded::filled_by(&db, async |store: &Store| {
            fill_without_statistics(store).await;
            let is_postgres = store.backend() == DbBackend::Postgres;
            let analyze = ["ANALYZE liveops_attempt", "ANALYZE liveops_action", "ANALYZE liveops_log"];
            let analyze = analyze.into_iter().filter(|_| is_postgres);
            for statement in [ATTEMPTS, ACTIONS, LOGS].into_iter().chain(analyze) {
                store.db().execute_unprepared(statement).await.unwrap();
            }
        })
        .await;
        let store = &recorded.store;
        let failed = filter(Some(OperationState::FinishedError));
        let row = store.list(&failed, 1, Columns::All).await.unwrap().pop().unwrap();
        recorded.statements.lock().unwrap().clear();
        assert_eq!(store.actions(&row).await.unwrap().len(), 1);
        assert!(!store.past_attempts(&row).await.unwrap().is_empty());
        store.past_attempt(&row, &KIND, 1).await.unwrap().expect("it is recorded");
        store.stopped_bar(&row).await.unwrap();
        store.last_prune().await.unwrap();
        store.log_tail(&row).await.unwrap();
        store.log_extent(&row).await.unwrap();
        store.log_page(&row, None, 0).await.unwrap();
        store.shorten_log(row.operation_id(), LogSize { lines: 0, bytes: 0 }).await.unwrap();
        store.prune_logs(row.created_on, Some(row.operation_id())).await.unwrap();
        let append = LogAppend { id: row.operation_id(), attempt: Attempt(1), chunk: Arc::default() };
        store.append_log(&[append]).await.unwrap();
        let statements = std::mem::take(&mut *recorded.statements.lock().unwrap());
        assert_eq!(statements.len(), 13);
        for statement in statements {
            let plan = plan(store, statement).await;
            let is_indexed = plan.lines().any(|step| step.contains("INDEX") || step.contains("Index"));
            assert!(is_indexed && !plan.contains("Seq Scan"), "reads the whole table: {plan}");
        }
    }

    async fn the_worker_reads_the_indexes_of_its_queues_and_runs(db: TestDatabase) {
        let recorded = Recorded::filled(&db).await;
        let (running, turn) = (HashMap::new(), OwnerTurn::default());
        let claim = Claim {
            inputs: &[("test.type_0", 1), ("test.type_3", 1)],
            queues: &[],
            worker: "w",
            lease: LEASE,
            limit: 10,
            owners: OwnerLimits { running_max: 9, running: &running, turn: &turn },
        };
        let claims = async |store: &Store| assert_eq!(store.claim_next(claim).await.unwrap().len(), 10);
        let found: Vec<_> = recorded.indexes(claims).await.into_iter().collect();
        // The lines are in both indexes of the ready operations.
        let expected: &[_] = match recorded.store.backend() {
            DbBackend::Postgres => &["pkey", "ready_by_version", "scheduled_by_version"],
            _ => &["ready_by_version", "scheduled_by_version"],
        };
        assert_eq!(found, expected);
        let statement = Statement::from_string(recorded.store.backend(), LINES);
        let lines = plan(&recorded.store, statement).await;
        let searches = ["op_type=? AND payload_version>?", "op_type>?"]
            .iter()
            .all(|search| lines.contains(search))
            || ["(payload_version > line", "(op_type > line"].iter().all(|search| lines.contains(search));
        assert!(searches, "reads more than one operation of a line: {lines}");
        let values = [0.into(), "user_5".into(), "user_1".into(), "queue_0".into(), "test.type_0".into(), 1.into()];
        let statement =
            Statement::from_sql_and_values(recorded.store.backend(), shares_sql(1, 1, 1, 4), values);
        let shares = plan(&recorded.store, statement).await;
        let searches = match recorded.store.backend() {
            DbBackend::Postgres => shares.matches("(owner > CASE").count() == 1
                && shares.matches("(owner > share").count() == 1,
            _ => shares.matches("(queue=? AND op_type=? AND payload_version=? AND priority=? AND owner>?)").count() == 2,
        };
        assert!(searches, "reads more than one operation of an owner: {shares}");
        let count = async |store: &Store| {
            store.waiting_of(&"user_7".into(), 1_000).await.unwrap();
        };
        let found = recorded.indexes(count).await;
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["waiting_of_owner"]);

        let leases = recorded.store.leases("w").await.unwrap();
        assert_eq!(leases.len(), 30);
        let beats: Vec<_> = leases
            .iter()
            .map(|lease| Heartbeat { id: lease.id, attempt: lease.attempt, status: None, percent: None })
            .collect();
        let beat = async |store: &Store| {
            assert_eq!(store.heartbeat(&beats, LEASE).await.unwrap().len(), 30);
        };
        // The rows are located by their IDs, or among the running ones.
        let found = recorded.indexes(beat).await;
        assert!(found.iter().all(|index| ["pkey", "started"].contains(&index.as_str())), "{found:?}");
        recorded.statements.lock().unwrap().clear();
        beat(&recorded.store).await;
        let statement = recorded.statements.lock().unwrap().remove(0);
        let beats = plan(&recorded.store, statement).await;
        assert!(!beats.contains("Join Filter"), "compares each report with each row: {beats}");
        for read in [
            recorded.indexes(async |store: &Store| drop(store.leases("w").await.unwrap())).await,
            recorded.indexes(async |store: &Store| drop(store.claimed_by("w").await.unwrap())).await,
        ] {
            assert_eq!(read.into_iter().collect::<Vec<_>>(), ["started"]);
        }
    }
}

/// As directly after many operations were enqueued, and before the next `ANALYZE` of the server.
#[tokio::test]
async fn the_lists_of_postgres_need_no_statistics() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let recorded = Recorded::filled_by(&db, async |store: &Store| {
        let never = "ALTER TABLE liveops_operation SET (autovacuum_enabled = false)";
        store.db().execute_unprepared(never).await.unwrap();
        fill_without_statistics(store).await;
    })
    .await;
    // Small sets of rows may be combined and sorted.
    let varies = |what: &str| {
        what.contains("running") || what.starts_with("the ") || what.starts_with("an owner's ")
    };
    for (what, filter, _, expected) in lists().into_iter().filter(|(what, ..)| !varies(what)) {
        let list = async |store: &Store| store.list(&filter, 51, Columns::Small).await.unwrap();
        let found: Vec<_> = recorded.indexes(list).await.into_iter().collect();
        assert_eq!(found.join(" "), expected, "{what}");
    }
}

/// Otherwise PostgreSQL could not update rows in their pages.
#[tokio::test]
async fn a_heartbeat_changes_no_index_and_has_space_in_the_pages() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let store = store(&db).await;
    const INDEXES: &str =
        "SELECT string_agg(indexdef, ';') FROM pg_indexes WHERE tablename = 'liveops_operation'";
    let indexes: String = value(store.db(), INDEXES).await;
    assert!(indexes.contains("liveops_operation_started"), "{indexes}");
    const OPTIONS: &str =
        "SELECT reloptions[1] FROM pg_class WHERE oid = 'liveops_operation'::regclass";
    assert_eq!(value::<String>(store.db(), OPTIONS).await, "fillfactor=80");
    for column in ["lease_until", "lease_ms", "status_text", "status_level", "percent"] {
        assert!(!indexes.contains(column), "{column} in {indexes}");
    }
}
