//! The logs of operations: appended while the attempt owns the run, numbered without a repetition, bounded and pruned.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, TransactionTrait};
use serde_json::json;

use super::{
    database::{on_every_database, value},
    migration_load::First,
    operations::{
        CANCEL, KIND, LEASE, RETRY, claim_of, claimed, default_log, enqueued, rescued, store,
    },
};
use crate::{
    event::{Ending, Level, LogLine},
    operation::{Attempt, OperationId},
    projection::{LogChunk, LogQueue, LogSize, Projection},
    store::{
        self, LogAppend, LoggedLines, Migrator, Model, RunConclusion, Store, log_statements,
        migrations,
    },
};

const LIMITS: LogSize = LogSize { lines: 1_000, bytes: 1 << 20 };

fn line(text: impl Into<String>) -> LogLine {
    LogLine { at: DateTime::UNIX_EPOCH, level: Level::Info, text: text.into() }
}

/// A chunk with the lines of these numbers, each with its number as text.
fn chunk(numbers: std::ops::Range<u64>) -> Arc<LogChunk> {
    let lines: Vec<_> = numbers.clone().map(|number| Arc::new(line(number.to_string()))).collect();
    let bytes = lines.iter().map(|line| line.text.len()).sum();
    Arc::new(LogChunk { first: numbers.start, lines, bytes })
}

async fn append(
    store: &Store,
    id: OperationId,
    attempt: u32,
    numbers: std::ops::Range<u64>,
) -> Vec<(OperationId, u64)> {
    let append = LogAppend { id, attempt: Attempt(attempt), chunk: chunk(numbers) };
    store.append_log(&[append]).await.unwrap()
}

async fn row(store: &Store, id: OperationId) -> Model {
    store.find(id).await.unwrap().unwrap()
}

/// Returns the numbers and the texts of all lines, in the order of the pages.
async fn all(store: &Store, id: OperationId, attempt: Option<u32>) -> Vec<(u64, String)> {
    let (row, mut lines, mut from) = (row(store, id).await, Vec::new(), 0);
    loop {
        let page = store.log_page(&row, attempt.map(Attempt), from).await.unwrap();
        let Some(last) = page.last() else { return lines };
        from = last.end;
        for LoggedLines { first, lines: texts, .. } in page {
            lines.extend((first..).zip(texts.into_iter().map(|line| line.text)));
        }
    }
}

fn numbers(lines: &[(u64, String)]) -> Vec<u64> {
    assert!(lines.iter().all(|(number, text)| number.to_string() == *text), "{lines:?}");
    lines.iter().map(|(number, _)| *number).collect()
}

async fn tail(store: &Store, id: OperationId) -> (u64, Vec<String>) {
    let tail = store.log_tail(&row(store, id).await).await.unwrap();
    (tail.first_id(), tail.iter().map(|(_, line)| line.text.clone()).collect())
}

async fn count(store: &Store) -> i64 {
    value(store.db(), "SELECT count(*) FROM liveops_log").await
}

async fn cancelled(store: &Store, id: OperationId, log: &[Arc<LogChunk>]) -> Option<Model> {
    let claimed = row(store, id).await.claimed(&KIND);
    let projection = &Projection::new(3);
    let end = RunConclusion { ending: &Ending::Cancelled, traceback: None, projection, log };
    store.finish_run(&claimed, end, None).await.unwrap()
}

#[test]
fn a_statement_has_less_than_32_kib() {
    let limits = LogSize { lines: 100_000, bytes: 32 << 20 };
    for bytes in [0, 10, 200, 8_000] {
        let mut queue = LogQueue::new(limits, 0, LogSize::default());
        let line = Arc::new(line("x".repeat(bytes)));
        (0..5_000).for_each(|_| queue.push(line.clone()));
        let chunks = queue.chunks().into_iter();
        let (id, attempt) = (OperationId::new(), Attempt(1));
        let chunks: Vec<_> = chunks.map(|chunk| LogAppend { id, attempt, chunk }).collect();
        let mut sent = 0;
        for chunks in log_statements(&chunks) {
            let content = |chunk: &LogAppend| {
                let lines: Vec<&LogLine> = chunk.chunk.lines.iter().map(|line| &**line).collect();
                json!(lines).to_string().len() + 100
            };
            let size: usize = chunks.iter().map(content).sum();
            assert!(size < 32 << 10, "{size} bytes of {} chunks", chunks.len());
            sent += chunks.len();
        }
        assert_eq!(sent, chunks.len());
    }
}

on_every_database! {
    async fn lines_are_read_in_order_and_a_chunk_that_is_sent_twice_is_stored_once(db: TestDatabase) {
        let store = store(&db).await;
        let (id, other) = (claimed(&store).await, claimed(&store).await);
        assert_eq!(append(&store, id, 1, 0..3).await, [(id, 0)]);
        let more = [(id, 3..5), (other, 0..1), (id, 5..6)].map(|(id, numbers)| LogAppend {
            id,
            attempt: Attempt(1),
            chunk: chunk(numbers),
        });
        for _ in 0..2 {
            let mut appended = store.append_log(&more).await.unwrap();
            appended.sort_unstable();
            let mut expected = [(id, 3), (other, 0), (id, 5)];
            expected.sort_unstable();
            assert_eq!(appended, expected);
        }
        assert_eq!(numbers(&all(&store, id, None).await), [0, 1, 2, 3, 4, 5]);
        assert_eq!(numbers(&all(&store, other, None).await), [0]);
        assert_eq!(tail(&store, other).await, (0, vec!["0".to_owned()]));
    }

    async fn lines_of_an_attempt_that_lost_its_run_are_refused(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        for attempt in [0, 2] {
            assert_eq!(append(&store, id, attempt, 0..1).await, []);
        }
        append(&store, id, 1, 0..1).await;
        let lease = store.leases("another worker").await.unwrap().pop().unwrap();
        rescued(&store, lease).await.expect("the lease has not changed");
        assert_eq!(append(&store, id, 1, 1..2).await, [], "the operation waits");
        store.claim(id, "w2", LEASE).await.unwrap().expect("it waits");
        assert_eq!(append(&store, id, 1, 1..2).await, [], "another worker runs the operation");
        let extent = store.log_extent(&row(&store, id).await).await.unwrap();
        assert_eq!((extent.next, extent.stored), (1, LogSize { lines: 1, bytes: 1 }));
        assert_eq!(append(&store, id, 2, 1..2).await, [(id, 1)]);
        cancelled(&store, id, &[]).await.expect("the attempt owns the row");
        assert_eq!(append(&store, id, 2, 2..3).await, [], "the operation has ended");
        assert_eq!(numbers(&all(&store, id, None).await), [0, 1]);
    }

    async fn the_end_of_an_attempt_contains_its_last_lines(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        append(&store, id, 1, 0..2).await;
        // The first chunk was appended, and its answer was lost.
        let rest = [chunk(0..2), chunk(2..3)];
        let stale = claim_of(id, 2);
        assert_eq!(store.hand_back(&stale, &Projection::new(3), &rest).await.unwrap(), None);
        assert_eq!(count(&store).await, 1);
        let claim = claim_of(id, 1);
        let row = store.hand_back(&claim, &Projection::new(3), &rest).await.unwrap();
        assert_eq!(row.expect("the attempt owns the row").log_seq, 3);
        store.claim(id, "w2", LEASE).await.unwrap().expect("it waits");
        let ended = cancelled(&store, id, &[chunk(3..5), chunk(5..6)]).await;
        assert_eq!(ended.expect("the attempt owns the row").log_seq, 6);
        assert_eq!(numbers(&all(&store, id, None).await), [0, 1, 2, 3, 4, 5]);
        assert_eq!(numbers(&all(&store, id, Some(2)).await), [3, 4, 5]);
        assert_eq!(tail(&store, id).await.1.len(), 6, "the attempts of one run have one log");
    }

    async fn a_retry_begins_a_log_and_keeps_the_earlier_lines(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        append(&store, id, 1, 0..4).await;
        cancelled(&store, id, &[chunk(4..5)]).await.expect("the attempt owns the row");
        store.retry(store.db(), id, &RETRY).await.unwrap();
        assert_eq!(tail(&store, id).await, (0, vec![]));
        let row = store.claim(id, "w2", LEASE).await.unwrap().expect("it waits");
        let extent = store.log_extent(&row).await.unwrap();
        assert_eq!((row.log_from, extent.next, extent.stored.lines), (5, 5, 5));
        assert_eq!(extent.tail.next_id(), 0);
        append(&store, id, 2, 5..7).await;
        assert_eq!(tail(&store, id).await, (0, vec!["5".to_owned(), "6".to_owned()]));
        assert_eq!(numbers(&all(&store, id, None).await), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(numbers(&all(&store, id, Some(1)).await), [0, 1, 2, 3, 4]);
        let row = self::row(&store, id).await;
        let tail = store.attempt_log_tail(&row, Attempt(1)).await.unwrap();
        let tail: Vec<u64> = tail.iter().map(|(number, _)| number).collect();
        assert_eq!(tail, [0, 1, 2, 3, 4]);
    }

    async fn a_log_above_its_limits_keeps_its_beginning_and_its_newest_lines(db: TestDatabase) {
        let store = store(&db).await;
        let (id, other) = (claimed(&store).await, claimed(&store).await);
        append(&store, other, 1, 0..100).await;
        for first in (0..1_000).step_by(100) {
            append(&store, id, 1, first..first + 100).await;
        }
        assert_eq!(store.shorten_log(id, LIMITS).await.unwrap(), LogSize::default(), "at the limits");
        append(&store, id, 1, 1_000..1_100).await;
        assert_eq!(store.shorten_log(id, LIMITS).await.unwrap().lines, 300);
        let kept = numbers(&all(&store, id, None).await);
        assert_eq!(kept, (0..200).chain(500..1_100).collect::<Vec<_>>());
        // The tail begins behind the gap.
        let (first, lines) = tail(&store, id).await;
        assert_eq!((first, lines.len()), (500, 600));
        assert_eq!(all(&store, other, None).await.len(), 100);
    }

    async fn any_sequence_of_appends_and_limits_leaves_lines_in_order_and_counts_the_others(db: TestDatabase) {
        let store = store(&db).await;
        // A linear congruential generator: the same sequences in each run.
        let mut state = 7_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..6 {
            let id = claimed(&store).await;
            let (mut attempt, mut pushed) = (1, 0);
            let mut queue = LogQueue::new(LIMITS, 0, LogSize::default());
            for _ in 0..25 {
                match random(12) {
                    0 => {
                        // The worker dies, and the lines of its queue with it.
                        let lease = store.leases("w").await.unwrap();
                        let lease = lease.into_iter().find(|lease| lease.id == id).unwrap();
                        rescued(&store, lease).await.expect("the lease has not changed");
                        let row = store.claim(id, "w1", LEASE).await.unwrap().expect("it waits");
                        let extent = store.log_extent(&row).await.unwrap();
                        (attempt, pushed) = (row.attempt_number().0, extent.next);
                        queue = LogQueue::new(LIMITS, pushed, extent.stored);
                    }
                    1..6 => {
                        for _ in 0..random(500) {
                            queue.push(Arc::new(line(pushed.to_string())));
                            pushed += 1;
                        }
                    }
                    other => {
                        let attempt = Attempt(attempt);
                        let chunks = queue.chunks().into_iter();
                        let chunks: Vec<_> = chunks.map(|chunk| LogAppend { id, attempt, chunk }).collect();
                        for chunks in log_statements(&chunks) {
                            let written = store.append_log(chunks).await.unwrap();
                            // The answer may be lost.
                            if other > 7 {
                                let written = chunks.iter().filter(|append| written.contains(&(id, append.chunk.first)));
                                let written: Vec<_> = written.map(|append| append.chunk.clone()).collect();
                                queue.remove_written(&written);
                            }
                        }
                        if queue.is_stored_above_limits() {
                            queue.remove_deleted(store.shorten_log(id, LIMITS).await.unwrap());
                        }
                    }
                }
            }
            let rest = queue.chunks();
            cancelled(&store, id, &rest).await.expect("the attempt owns the row");
            store.shorten_log(id, LIMITS).await.unwrap();
            let kept = numbers(&all(&store, id, None).await);
            assert!(kept.is_sorted_by(|a, b| a < b), "{kept:?}");
            assert!(kept.len() <= 1_000);
            assert_eq!((kept.first().copied(), kept.last().copied()), ((pushed > 0).then_some(0), pushed.checked_sub(1)));
            let gaps = kept.windows(2).map(|pair| pair[1] - pair[0] - 1).sum::<u64>();
            assert_eq!(kept.len() as u64 + gaps, pushed);
        }
    }

    async fn a_page_and_a_tail_are_bounded(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let text = Arc::new(line("x".repeat(8_000)));
        for first in 0..200 {
            let chunk = LogChunk { first: 2 * first, lines: vec![text.clone(); 2], bytes: 16_000 };
            let append = LogAppend { id, attempt: Attempt(1), chunk: Arc::new(chunk) };
            store.append_log(&[append]).await.unwrap();
        }
        let row = row(&store, id).await;
        let page = store.log_page(&row, None, 0).await.unwrap();
        assert_eq!((page[0].first, page.len()), (0, 66));
        let next = store.log_page(&row, None, page[65].end).await.unwrap();
        assert_eq!(next[0].first, 132);
        let tail = store.log_tail(&row).await.unwrap();
        assert_eq!((tail.first_id(), tail.next_id()), (269, 400));
    }

    async fn the_logs_of_deleted_operations_are_deleted_in_steps(db: TestDatabase) {
        const COPIES: &str = "INSERT INTO liveops_log SELECT operation, first_line + i, attempt, line_count, text_bytes, \
            lines FROM liveops_log CROSS JOIN (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
            WHERE i < 700) SELECT i FROM n) AS n";
        let store = store(&db).await;
        let (old, unfinished) = (claimed(&store).await, claimed(&store).await);
        append(&store, old, 1, 0..1).await;
        append(&store, unfinished, 1, 0..1).await;
        store.db().execute_unprepared(COPIES).await.unwrap();
        cancelled(&store, old, &[]).await.expect("the attempt owns the row");
        let before = Utc::now() + Duration::from_secs(1);
        assert_eq!(store.prune_logs(before, None).await.unwrap(), None, "every operation exists");
        assert_eq!(count(&store).await, 1_402);

        // The process dies after this.
        assert_eq!(store.prune(before, None, 10).await.unwrap().deleted, 1);
        assert_eq!(count(&store).await, 1_402);
        let step = store.prune_logs(before, None).await.unwrap();
        assert_eq!((step, count(&store).await), (Some(old), 902));
        assert_eq!(store.prune_logs(before, step).await.unwrap(), None);
        assert_eq!((count(&store).await, all(&store, unfinished, None).await.len()), (701, 701));
    }

    async fn the_lines_of_an_earlier_version_are_moved_and_those_of_its_processes_are_read(db: TestDatabase) {
        let db = db.connect().await;
        let log = migrations().iter().position(|it| it.name() == "liveops_0022_create_logs").unwrap();
        assert_eq!(log, 22, "the number of earlier migrations, which `First` needs");
        store::migrate::<First<22>>(&db).await.unwrap();
        let store = Store::new(db.clone());
        let log = |texts: &[&str]| json!(texts.iter().map(|text| line(*text)).collect::<Vec<_>>()).to_string();
        default_log(&db).await;
        let (ended, running, quiet) = (claimed(&store).await, claimed(&store).await, enqueued(&store).await);
        let is_postgres = store.backend() == DbBackend::Postgres;
        let literal = |id: OperationId| match is_postgres {
            true => format!("'{id}'"),
            false => format!("x'{}'", id.as_uuid().simple()),
        };
        let set = async |id, log: String, seq: i64, ends: &str| {
            let set = format!(
                "UPDATE liveops_operation SET log = '{log}', log_seq = {seq} {ends} WHERE id = {}",
                literal(id)
            );
            db.execute_unprepared(&set).await.unwrap();
        };
        let ends = ", finished_on = started_on, cancelled = true";
        // The row has the newest lines only.
        set(ended, log(&["7", "8"]), 9, ends).await;
        set(running, log(&["0"]), 1, "").await;

        store::migrate::<Migrator>(&db).await.unwrap();
        assert_eq!(all(&store, ended, None).await, [(7, "7".to_owned()), (8, "8".to_owned())]);
        assert_eq!(tail(&store, ended).await, (7, vec!["7".to_owned(), "8".to_owned()]));
        assert_eq!(all(&store, quiet, None).await, []);
        let left: i64 = value(&db, "SELECT count(*) FROM liveops_operation WHERE log <> '[]'").await;
        assert_eq!((left, count(&store).await), (0, 2));
        // A process of the earlier version ends its run.
        set(running, log(&["0", "1", "2"]), 3, ends).await;
        assert_eq!(numbers(&all(&store, running, None).await), [0, 1, 2]);
        assert_eq!(tail(&store, running).await.1.len(), 3);
        let row = self::row(&store, running).await;
        assert_eq!(store.log_extent(&row).await.unwrap().next, 3);
        store.retry(&db, running, &RETRY).await.unwrap();
        assert_eq!(self::row(&store, running).await.log_from, 3);
        assert_eq!(numbers(&all(&store, running, None).await), [0, 1, 2]);
        store.cancel(quiet, &CANCEL).await.unwrap();
    }
}

#[tokio::test]
async fn lines_of_a_run_with_a_locked_row_stay_with_the_run() {
    let Some(db) = super::database::TestDatabase::postgres().await else { return };
    let store = store(&db).await;
    let (id, other) = (claimed(&store).await, claimed(&store).await);
    let locking = store.db().begin().await.unwrap();
    let lock = format!("SELECT 1 FROM liveops_operation WHERE id = '{id}' FOR UPDATE");
    locking.execute_unprepared(&lock).await.unwrap();
    let appends = [id, other].map(|id| LogAppend { id, attempt: Attempt(1), chunk: chunk(0..1) });
    assert_eq!(store.append_log(&appends).await.unwrap(), [(other, 0)]);
    locking.commit().await.unwrap();
    assert_eq!(append(&store, id, 1, 0..1).await, [(id, 0)]);
}
