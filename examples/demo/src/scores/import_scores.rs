//! The scores of one import, first written as drafts and then committed together.

use liveops::{Attempt, OperationId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    Set, TransactionTrait,
    sea_query::{InsertStatement, Query},
};

use super::{NewScore, draft, score};

/// The scores of one import, written by one run of the import.
///
/// The run writes rows as drafts, batch by batch, in short transactions. A transaction for the whole import
/// would block every other writer of a SQLite database, including liveops. At the end
/// [`commit`](Self::commit) turns all drafts into scores at once.
#[derive(Debug, Clone)]
pub struct ImportScores {
    db: DatabaseConnection,
    operation: OperationId,
    attempt: i32,
}

impl ImportScores {
    pub(super) fn new(db: DatabaseConnection, operation: OperationId, attempt: Attempt) -> Self {
        // The number of attempts stays far below two billion.
        let attempt = i32::try_from(attempt.0).unwrap_or(i32::MAX);
        Self { db, operation, attempt }
    }

    /// Deletes the scores and drafts that earlier runs of the import left.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn clear(&self) -> Result<(), DbErr> {
        let transaction = self.db.begin().await?;
        self.delete_scores(&transaction).await?;
        let earlier = Condition::all()
            .add(draft::Column::Operation.eq(self.operation.as_uuid()))
            .add(draft::Column::Attempt.lte(self.attempt));
        draft::Entity::delete_many().filter(earlier).exec(&transaction).await?;
        transaction.commit().await
    }

    /// Writes a batch of rows.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn add_drafts(&self, rows: Vec<NewScore>) -> Result<(), DbErr> {
        let drafts = rows.into_iter().map(|row| draft::ActiveModel {
            operation: Set(self.operation.as_uuid()),
            attempt: Set(self.attempt),
            // Files have fewer lines than `i64::MAX`.
            line: Set(i64::try_from(row.line).unwrap_or(i64::MAX)),
            student: Set(row.student),
            course: Set(row.course),
            score: Set(row.score),
        });
        draft::Entity::insert_many(drafts).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Turns all drafts of this run into scores, which replace the earlier scores of the import.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails; then nothing has changed.
    pub async fn commit(&self) -> Result<(), DbErr> {
        let transaction = self.db.begin().await?;
        self.delete_scores(&transaction).await?;
        transaction.execute(&self.scores_from_drafts()?).await?;
        draft::Entity::delete_many().filter(self.is_own()).exec(&transaction).await?;
        transaction.commit().await
    }

    /// Deletes the drafts of this run.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn discard_drafts(&self) -> Result<(), DbErr> {
        draft::Entity::delete_many().filter(self.is_own()).exec(&self.db).await?;
        Ok(())
    }

    async fn delete_scores(&self, connection: &impl ConnectionTrait) -> Result<(), DbErr> {
        let of_import = score::Column::Operation.eq(self.operation.as_uuid());
        score::Entity::delete_many().filter(of_import).exec(connection).await?;
        Ok(())
    }

    fn scores_from_drafts(&self) -> Result<InsertStatement, DbErr> {
        use {draft::Column as From, score::Column as Into};

        let drafts = Query::select()
            .columns([From::Operation, From::Student, From::Course, From::Score])
            .from(draft::Entity)
            .cond_where(self.is_own())
            .order_by(From::Line, sea_orm::Order::Asc)
            .take();
        Query::insert()
            .into_table(score::Entity)
            .columns([Into::Operation, Into::Student, Into::Course, Into::Score])
            .select_from(drafts)
            .map(InsertStatement::take)
            .map_err(|error| DbErr::Custom(error.to_string()))
    }

    fn is_own(&self) -> Condition {
        Condition::all()
            .add(draft::Column::Operation.eq(self.operation.as_uuid()))
            .add(draft::Column::Attempt.eq(self.attempt))
    }
}
