//! A table with many operations.

use sea_orm::{ConnectionTrait, DbBackend};

use crate::store::Store;

/// Inserts 40,000 operations that have ended, 20,000 that wait and 20 that run, of 12 types, 500 owners and three
/// queues. `{id}` is the ID of operation `i`.
const FILL: &str = "
    WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 60020)
    INSERT INTO liveops_operation (id, op_type, owner, input, payload_version, language, created_on,
        started_on, finished_on, finished_successfully, cancel_requested, cancelled, stage_states,
        has_stage_outputs, status_text, status_level, log, log_seq, queue, priority, run_after, due_on,
        attempt, attempts_before, max_attempts, rescues, hand_backs, backoff_first_ms,
        backoff_longest_ms, worker, lease_until)
    SELECT {id}, 'test.type_' || (i % 12), 'user_' || (i % 500), '{}', 1, '', {time},
        CASE WHEN i <= 40020 THEN {time} END, CASE WHEN i <= 40000 THEN {time} END,
        i <= 40000 AND i % 20 > 1, i % 20 = 1, i <= 40000 AND i % 20 = 1, '[]',
        i % 2 = 9, 'row ' || i, 'info', '[]', 0, 'queue_' || (i % 3), 0,
        CASE WHEN i > 50000 AND i < 55000 THEN {later} END, {time},
        1, 0, 1, 0, 0, 1, 1, 'w', {time}
    FROM number";

/// Fills the table, and has PostgreSQL collect its statistics.
pub(super) async fn fill(store: &Store) {
    let backend = store.backend();
    let is_postgres = backend == DbBackend::Postgres;
    let (id, time, later) = if is_postgres {
        (
            "(lpad(to_hex(i), 12, '0') || '7000' || '8000' || lpad(to_hex(i), 12, '0'))::uuid",
            "timestamptz '2026-01-01' + i * interval '1 minute'",
            "timestamptz '2090-01-01'",
        )
    } else {
        (
            "unhex(printf('%012x70008000%012x', i, i))",
            "strftime('%Y-%m-%dT%H:%M:%S+00:00', 1767225600 + i * 60, 'unixepoch')",
            "'2090-01-01T00:00:00+00:00'",
        )
    };
    let fill = FILL.replace("{id}", id).replace("{time}", time).replace("{later}", later);
    store.db().execute_unprepared(&fill).await.unwrap();
    if is_postgres {
        store.db().execute_unprepared("VACUUM ANALYZE liveops_operation").await.unwrap();
    }
}
