//! The group commit of writes on SQLite.

use std::sync::{Arc, OnceLock};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult,
    Statement, TransactionTrait,
};
use tokio::sync::{mpsc, oneshot};

use super::conflict::RepeatingConnection;

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
}

/// A statement, with the channel for its rows.
struct WriteJob {
    statement: Statement,
    answer: oneshot::Sender<Result<Vec<QueryResult>, DbErr>>,
}

impl Writer {
    pub(super) fn new(db: DatabaseConnection) -> Self {
        Self { db, group: Some(Arc::default()) }
    }

    /// Creates a writer that commits each statement alone.
    pub(super) fn without_groups(db: DatabaseConnection) -> Self {
        Self { db, group: None }
    }

    /// Runs a statement and returns its rows after the commit.
    pub(super) async fn write(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let is_sqlite = self.db.get_database_backend() == DbBackend::Sqlite;
        if !is_sqlite {
            return RepeatingConnection::new(self.db.clone()).query_all_raw(statement).await;
        }
        let Some(group) = &self.group else {
            return self.db.query_all_raw(statement).await;
        };
        let (answer, answered) = oneshot::channel();
        let group = group.get_or_init(|| spawn(self.db.clone()));
        if let Err(mpsc::error::SendError(job)) = group.send(WriteJob { statement, answer }).await {
            // The writer task ended with its runtime. Write directly from the current runtime.
            return self.db.query_all_raw(job.statement).await;
        }
        answered.await.unwrap_or_else(|_| {
            Err(DbErr::Custom("the writer task stopped before it answered".to_owned()))
        })
    }
}

fn spawn(db: DatabaseConnection) -> mpsc::Sender<WriteJob> {
    let (jobs, mut waiting) = mpsc::channel(GROUP_LEN_MAX);
    tokio::spawn(async move {
        let mut group = Vec::new();
        while waiting.recv_many(&mut group, GROUP_LEN_MAX).await > 0 {
            write_group(&db, &mut group).await;
        }
    });
    jobs
}

async fn write_group(db: &DatabaseConnection, group: &mut Vec<WriteJob>) {
    let together = match group.as_slice() {
        [_] => None,
        jobs => commit(db, jobs).await.ok(),
    };
    let Some(together) = together else {
        // A failed statement must not fail the others: run each one separately.
        for WriteJob { statement, answer } in group.drain(..) {
            let rows = db.query_all_raw(statement).await;
            let _ = answer.send(rows);
        }
        return;
    };
    for (job, rows) in group.drain(..).zip(together) {
        // The caller may be gone; the write is committed.
        let _ = job.answer.send(Ok(rows));
    }
}

async fn commit(
    db: &DatabaseConnection,
    jobs: &[WriteJob],
) -> Result<Vec<Vec<QueryResult>>, DbErr> {
    let transaction = db.begin().await?;
    match run(&transaction, jobs).await {
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
    jobs: &[WriteJob],
) -> Result<Vec<Vec<QueryResult>>, DbErr> {
    let mut rows = Vec::with_capacity(jobs.len());
    for job in jobs {
        rows.push(transaction.query_all_raw(job.statement.clone()).await?);
    }
    Ok(rows)
}
