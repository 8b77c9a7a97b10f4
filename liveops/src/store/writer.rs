use std::sync::{Arc, OnceLock};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult,
    Statement, TransactionTrait,
};
use tokio::sync::{mpsc, oneshot};

/// How many statements are committed together at most.
const GROUP_LEN_MAX: usize = 256;

/// Writes to the database.
///
/// SQLite has one writer at a time, and every commit waits for the disk: so what is to be written
/// while a commit is under way waits for the next one, and is committed together (group commit).
/// PostgreSQL does that by itself, and is given every statement as it comes.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    db: DatabaseConnection,
    group: Arc<OnceLock<mpsc::Sender<WriteJob>>>,
}

/// A statement, and who waits for its rows.
struct WriteJob {
    statement: Statement,
    answer: oneshot::Sender<Result<Vec<QueryResult>, DbErr>>,
}

impl Writer {
    pub(super) fn new(db: DatabaseConnection) -> Self {
        Self { db, group: Arc::default() }
    }

    /// Runs a statement and gives its rows, once they are committed.
    pub(super) async fn write(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        if self.db.get_database_backend() != DbBackend::Sqlite {
            return self.db.query_all_raw(statement).await;
        }
        let (answer, answered) = oneshot::channel();
        let group = self.group.get_or_init(|| spawn(self.db.clone()));
        if let Err(mpsc::error::SendError(job)) = group.send(WriteJob { statement, answer }).await {
            // The runtime that wrote is gone, and this one is another.
            return self.db.query_all_raw(job.statement).await;
        }
        answered.await.unwrap_or_else(|_| Err(DbErr::Custom("the writer was stopped".to_owned())))
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
        // One that fails must not take the others along: each for itself.
        for WriteJob { statement, answer } in group.drain(..) {
            let rows = db.query_all_raw(statement).await;
            let _ = answer.send(rows);
        }
        return;
    };
    for (job, rows) in group.drain(..).zip(together) {
        // Whoever waited may be gone; what was to be written is.
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
