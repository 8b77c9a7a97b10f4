//! A table with many operations, for tests and for a benchmark.

/// The operations of a large table, of 12 types, 500 owners and three queues, oldest first: those that have
/// ended, those that run, and those that wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LargeTable {
    pub(crate) ended: u32,
    pub(crate) running: u32,
    pub(crate) waiting: u32,
    /// The number of the waiting operations, oldest first, that start later.
    pub(crate) scheduled: u32,
    /// The number of the waiting operations, behind the scheduled ones, whose type is `test.gone`.
    pub(crate) of_another_type: u32,
    /// `true` if one of ten operations has a log of two KiB, and one of a hundred an input of twenty.
    pub(crate) has_contents: bool,
}

/// `{id}`, `{time}` and `{later}` are expressions of the database.
const FILL: &str = "
    WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < {all})
    INSERT INTO liveops_operation (id, op_type, owner, input, payload_version, language, created_on,
        started_on, finished_on, finished_successfully, cancel_requested, cancelled, stage_states,
        has_stage_outputs, status_text, status_level, log, log_seq, queue, priority, run_after, due_on,
        attempt, attempts_before, max_attempts, rescues, hand_backs, backoff_first_ms,
        backoff_longest_ms, worker, lease_until)
    SELECT {id},
        CASE WHEN i > {scheduled} AND i <= {other} THEN 'test.gone' ELSE 'test.type_' || (i % 12) END,
        'user_' || (i % 500), {input}, 1, '', {time},
        CASE WHEN i <= {started} THEN {time} END, CASE WHEN i <= {ended} THEN {time} END,
        i <= {ended} AND i % 20 > 1, i % 20 = 1, i <= {ended} AND i % 20 = 1, '[]',
        i % 2 = 9, 'row ' || i, 'info', {log}, 0, 'queue_' || (i % 3), 0,
        CASE WHEN i > {started} AND i <= {scheduled} THEN {later} END, {time},
        1, 0, 1, 0, 0, 1, 1, 'w', CASE WHEN i > {ended} AND i <= {started} THEN {time} END
    FROM number";

impl LargeTable {
    /// Returns the statement that inserts the operations.
    pub(crate) fn insertion(self, is_postgres: bool) -> String {
        let (id, time, later) = if is_postgres {
            (
                "(lpad(to_hex(i), 12, '0') || '7000' || '8000' || lpad(to_hex(i), 12, '0'))::uuid",
                "timestamptz '2026-01-01' + i * interval '1 second'",
                "timestamptz '2090-01-01'",
            )
        } else {
            (
                "unhex(printf('%012x70008000%012x', i, i))",
                "strftime('%Y-%m-%dT%H:%M:%S+00:00', 1767225600 + i, 'unixepoch')",
                "'2090-01-01T00:00:00+00:00'",
            )
        };
        let large = |one_of: u32, len: usize, small: &str| {
            if !self.has_contents {
                return format!("'{small}'");
            }
            let cast = if is_postgres { "::jsonb" } else { "" };
            let text = "t".repeat(len);
            format!("CASE WHEN i % {one_of} = 7 THEN '[\"{text}\"]'{cast} ELSE '{small}'{cast} END")
        };
        let started = self.ended + self.running;
        let scheduled = started + self.scheduled;
        let values = [
            ("{id}", id.to_owned()),
            ("{input}", large(100, 20 << 10, "{}")),
            ("{log}", large(10, 2 << 10, "[]")),
            ("{time}", time.to_owned()),
            ("{later}", later.to_owned()),
            ("{ended}", self.ended.to_string()),
            ("{started}", started.to_string()),
            ("{scheduled}", scheduled.to_string()),
            ("{other}", (scheduled + self.of_another_type).to_string()),
            ("{all}", (started + self.waiting).to_string()),
        ];
        values.iter().fold(FILL.to_owned(), |sql, (name, value)| sql.replace(name, value))
    }
}
