//! Access to the counts of executed stages.

use std::collections::HashMap;

use liveops::OperationId;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, ExprTrait, QueryFilter, Set,
    sea_query::{Expr, OnConflict},
};

use super::execution::{ActiveModel, Column, Entity};

/// The counts of executed stages. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Executions {
    db: DatabaseConnection,
}

impl Executions {
    /// Creates the access to the counts in `db`.
    pub fn new(db: DatabaseConnection) -> Self {
        Self { db }
    }

    /// Increments the count of a stage.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn count(&self, operation: OperationId, stage: &str) -> Result<(), DbErr> {
        let first = ActiveModel {
            operation: Set(operation.as_uuid()),
            stage: Set(stage.to_owned()),
            executions: Set(1),
        };
        let one_more = OnConflict::columns([Column::Operation, Column::Stage])
            .value(Column::Executions, Expr::col((Entity, Column::Executions)).add(1))
            .to_owned();
        Entity::insert(first).on_conflict(one_more).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Returns the count of each stage of an operation; stages without executions are not included.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn of(&self, operation: OperationId) -> Result<HashMap<String, u64>, DbErr> {
        let of_operation = Column::Operation.eq(operation.as_uuid());
        let stages = Entity::find().filter(of_operation).all(&self.db).await?;
        let count = |executions: i64| u64::try_from(executions).unwrap_or(0);
        Ok(stages.into_iter().map(|stage| (stage.stage, count(stage.executions))).collect())
    }
}
