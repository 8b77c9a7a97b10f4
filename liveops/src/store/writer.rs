//! The group commit of writes on SQLite.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    QueryResult,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{self, Instant},
};

use super::{
    conflict::{RepeatingConnection, is_busy},
    connections::{self, BUSY_POLL, BUSY_WAIT_MAX},
    recorded_write::RecordedWrite,
    server::{ServerWaits, StatementLimits},
};

/// Maximum number of statements per commit.
const GROUP_LEN_MAX: usize = 256;

/// The writer of the database.
///
/// SQLite has one writer at a time, and every commit waits for the disk. Statements that arrive during a
/// commit are therefore committed together in the next one (group commit). PostgreSQL groups commits by
/// itself and receives each statement directly.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    db: DatabaseConnection,
    /// `None` if each statement is committed alone.
    group: Option<Arc<OnceLock<mpsc::Sender<WriteJob>>>>,
    waits: ServerWaits,
}

/// A write, with the channel for its rows.
struct WriteJob {
    write: RecordedWrite,
    /// The time at which the caller stops to wait for the lock of the file.
    deadline: Instant,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<Vec<QueryResult>, DbErr>;

impl Writer {
    pub(super) fn new(db: DatabaseConnection) -> Self {
        Self { db, group: Some(Arc::default()), waits: ServerWaits::default() }
    }

    /// Creates a writer that commits each statement separately. A server enforces `limits`.
    pub(super) fn without_groups(db: DatabaseConnection, limits: Option<StatementLimits>) -> Self {
        Self { db, group: None, waits: ServerWaits { answer: None, limits } }
    }

    /// Returns the writer for statements of a request. A writer on its own connection does not change, because its
    /// owner has a deadline.
    pub(super) fn for_request(&self) -> Self {
        let waits = if self.group.is_some() { ServerWaits::of_writes() } else { self.waits };
        Self { waits, ..self.clone() }
    }

    /// Runs a write and returns its rows after the commit. Waits for the lock of a SQLite file for
    /// [`BUSY_WAIT_MAX`] at most.
    pub(super) async fn write(&self, write: RecordedWrite) -> Answer {
        let is_sqlite = self.db.get_database_backend() == DbBackend::Sqlite;
        if !is_sqlite {
            return self.write_alone(write).await;
        }
        let Some(group) = &self.group else {
            return commit_alone(&self.db, &write, Duration::ZERO).await;
        };
        let (answer, answered) = oneshot::channel();
        let deadline = Instant::now() + BUSY_WAIT_MAX;
        let group = group.get_or_init(|| spawn(self.db.clone()));
        match time::timeout_at(deadline, group.reserve()).await {
            Ok(Ok(place)) => place.send(WriteJob { write, deadline, answer }),
            // The writer task ended with its runtime. Write directly from the current runtime.
            Ok(Err(mpsc::error::SendError(()))) => return self.write_alone(write).await,
            Err(_) => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
        }
        answered.await.unwrap_or_else(|_| {
            Err(DbErr::Custom("the writer task stopped before it answered".to_owned()))
        })
    }

    async fn write_alone(&self, write: RecordedWrite) -> Answer {
        if !write.then.is_empty() {
            return commit_alone(&self.db, &write, BUSY_WAIT_MAX).await;
        }
        let connection = RepeatingConnection::new(self.db.clone(), BUSY_WAIT_MAX, self.waits);
        connection.query_all_raw(write.statement).await
    }
}

fn spawn(db: DatabaseConnection) -> mpsc::Sender<WriteJob> {
    let (jobs, mut waiting) = mpsc::channel(GROUP_LEN_MAX);
    tokio::spawn(async move {
        let mut group = Vec::new();
        while !group.is_empty() || waiting.recv_many(&mut group, GROUP_LEN_MAX).await > 0 {
            while group.len() < GROUP_LEN_MAX
                && let Ok(job) = waiting.try_recv()
            {
                group.push(job);
            }
            if let Err(busy) = write_group(&db, &mut group).await {
                refuse_late(&mut group, &busy);
                time::sleep(BUSY_POLL).await;
            }
        }
    });
    jobs
}

/// Answers the callers that have waited for the lock of the file for too long.
fn refuse_late(group: &mut Vec<WriteJob>, busy: &DbErr) {
    let now = Instant::now();
    for job in group.extract_if(.., |job| job.deadline <= now) {
        let _ = job.answer.send(Err(busy.clone()));
    }
}

/// Writes the group and empties it.
///
/// # Errors
///
/// Returns an error if the file is locked. The group then contains the jobs that are not written.
async fn write_group(db: &DatabaseConnection, group: &mut Vec<WriteJob>) -> Result<(), DbErr> {
    let together = match group.as_slice() {
        [_] => None,
        jobs => match commit(db, jobs.iter().map(|job| &job.write), Duration::ZERO).await {
            Err(error) if is_busy(&error) => return Err(error),
            committed => committed.ok(),
        },
    };
    let Some(together) = together else {
        // A failed write must not fail the others: run each one separately.
        while let Some(job) = group.first() {
            // The group waits for a locked file.
            let rows = commit_alone(db, &job.write, Duration::ZERO).await;
            if let Err(error) = &rows
                && is_busy(error)
            {
                return rows.map(drop);
            }
            let _ = group.remove(0).answer.send(rows);
        }
        return Ok(());
    };
    for (job, rows) in group.drain(..).zip(together) {
        // The caller may be gone; the write is committed.
        let _ = job.answer.send(Ok(rows));
    }
    Ok(())
}

/// Commits one write, and returns its rows.
async fn commit_alone(
    db: &DatabaseConnection,
    write: &RecordedWrite,
    busy_wait: Duration,
) -> Answer {
    if write.then.is_empty() {
        return db.query_all_raw(write.statement.clone()).await;
    }
    let rows = commit(db, [write].into_iter(), busy_wait).await?;
    Ok(rows.into_iter().next().unwrap_or_default())
}

/// Commits these writes together, and returns the rows of each.
async fn commit(
    db: &DatabaseConnection,
    writes: impl ExactSizeIterator<Item = &RecordedWrite>,
    busy_wait: Duration,
) -> Result<Vec<Vec<QueryResult>>, DbErr> {
    let transaction = connections::begin(db, None, busy_wait).await?;
    match run(&transaction, writes).await {
        Ok(rows) => {
            transaction.commit().await?;
            Ok(rows)
        }
        Err(error) => {
            transaction.rollback().await?;
            Err(error)
        }
    }
}

async fn run(
    transaction: &DatabaseTransaction,
    writes: impl ExactSizeIterator<Item = &RecordedWrite>,
) -> Result<Vec<Vec<QueryResult>>, DbErr> {
    let mut all = Vec::with_capacity(writes.len());
    for write in writes {
        let rows = transaction.query_all_raw(write.statement.clone()).await?;
        for then in write.then.iter().filter(|_| !rows.is_empty()) {
            transaction.execute_raw(then.clone()).await?;
        }
        all.push(rows);
    }
    Ok(all)
}
