//! Access to the scores of all imports.

use liveops::{Attempt, OperationId};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

use super::{ImportScores, draft, score};

/// The scores of all imports. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scores {
    db: DatabaseConnection,
}

impl Scores {
    /// Creates the access to the scores in `db`.
    pub fn new(db: DatabaseConnection) -> Self {
        Self { db }
    }

    /// Returns the scores of one import, for the run that writes them.
    pub fn of_import(&self, operation: OperationId, attempt: Attempt) -> ImportScores {
        ImportScores::new(self.db.clone(), operation, attempt)
    }

    /// Returns the number of scores of an import.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn count(&self, operation: OperationId) -> Result<u64, DbErr> {
        let of_import = score::Column::Operation.eq(operation.as_uuid());
        score::Entity::find().filter(of_import).count(&self.db).await
    }

    /// Returns the number of drafts of an import: rows that passed the check and are not yet scores. It is
    /// zero after the import has ended.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn draft_count(&self, operation: OperationId) -> Result<u64, DbErr> {
        let of_import = draft::Column::Operation.eq(operation.as_uuid());
        draft::Entity::find().filter(of_import).count(&self.db).await
    }
}
