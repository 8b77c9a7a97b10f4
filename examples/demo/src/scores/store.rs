use liveops::{Attempt, OperationId};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

use super::{ImportScores, draft, score};

/// The scores of all imports. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scores {
    db: DatabaseConnection,
}

impl Scores {
    /// The scores in `db`.
    pub fn new(db: DatabaseConnection) -> Self {
        Self { db }
    }

    /// The scores of one import, for the run that writes them.
    pub fn of_import(&self, operation: OperationId, attempt: Attempt) -> ImportScores {
        ImportScores::new(self.db.clone(), operation, attempt)
    }

    /// How many scores an import left.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn count(&self, operation: OperationId) -> Result<u64, DbErr> {
        let of_import = score::Column::Operation.eq(operation.as_uuid());
        score::Entity::find().filter(of_import).count(&self.db).await
    }

    /// How many rows of an import passed the check and are no scores yet: none when it has ended.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn draft_count(&self, operation: OperationId) -> Result<u64, DbErr> {
        let of_import = draft::Column::Operation.eq(operation.as_uuid());
        draft::Entity::find().filter(of_import).count(&self.db).await
    }
}
