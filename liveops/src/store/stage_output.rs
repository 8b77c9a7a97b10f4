//! The saved outputs of durable stages: the sea-orm entity, and every query on it.
//!
//! A save updates the operation's row with the fence and inserts the output in one transaction. The row lock
//! keeps other processes from opening the next attempt before the commit, and a save of a stale attempt
//! changes nothing. The updated column, `has_stage_outputs`, avoids the query for outputs in all other
//! operations.

use std::collections::HashMap;

use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

use super::{
    Column as Operations, Entity as Operation, Repetitions, Store, StoreError, Transaction,
    transition::{Fenced, is_in},
};
use crate::operation::{Attempt, OperationId, OperationState};

/// The output of a durable stage. A later attempt uses the output instead of running the stage again.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "liveops_stage_output")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) operation: Uuid,
    /// The label of the stage.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) stage: String,
    /// JSON, stored as text: a JSON column would change numbers and the order of keys, and cannot hold
    /// every character in every database.
    pub(super) output: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    /// Returns the saved outputs of an operation's durable stages, as JSON by stage label.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn stage_outputs(
        &self,
        id: OperationId,
    ) -> Result<HashMap<String, String>, StoreError> {
        let outputs = Entity::find()
            .filter(Column::Operation.eq(id.as_uuid()))
            .all(self.statements())
            .await
            .map_err(StoreError::of("read the outputs of stages"))?;
        Ok(outputs.into_iter().map(|saved| (saved.stage, saved.output)).collect())
    }

    /// Saves the output of a durable stage as JSON, replacing an earlier output. Returns `false`, and
    /// writes nothing, if the run no longer belongs to `attempt`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn save_stage_output(
        &self,
        id: OperationId,
        attempt: Attempt,
        stage: &str,
        output: String,
    ) -> Result<bool, StoreError> {
        let mut repetitions = Repetitions::default();
        loop {
            let transaction = self.begin_read_committed().await?;
            let saved = write_stage_output(&transaction, id, attempt, stage, &output).await;
            match self.end(transaction, saved).await {
                Err(error) if repetitions.wait_after(&error).await => {}
                saved => return saved,
            }
        }
    }
}

async fn write_stage_output(
    transaction: &Transaction,
    id: OperationId,
    attempt: Attempt,
    stage: &str,
    output: &str,
) -> Result<bool, StoreError> {
    const ACTION: &str = "save the output of a stage";
    // Updates the row first, to lock it: no process can begin another attempt before the commit, and an
    // attempt begun earlier is detected here.
    let hold = Operation::update_many()
        .filter(Operations::Id.eq(id.as_uuid()))
        .filter(is_in(OperationState::Started))
        .fenced(attempt)
        .col_expr(Operations::HasStageOutputs, Expr::value(true));
    let held = hold.exec(transaction).await.map_err(StoreError::of(ACTION))?;
    if held.rows_affected == 0 {
        return Ok(false);
    }
    let saved = ActiveModel {
        operation: Set(id.as_uuid()),
        stage: Set(stage.to_owned()),
        output: Set(output.to_owned()),
    };
    let replacing = OnConflict::columns([Column::Operation, Column::Stage])
        .update_column(Column::Output)
        .to_owned();
    Entity::insert(saved)
        .on_conflict(replacing)
        .exec_without_returning(transaction)
        .await
        .map_err(StoreError::of(ACTION))?;
    Ok(true)
}

/// Deletes the saved outputs of a finished operation, so that a retry runs every stage.
pub(super) async fn forget_stage_outputs(
    connection: &impl ConnectionTrait,
    operation: &super::Model,
) -> Result<(), StoreError> {
    if operation.has_stage_outputs {
        let of_operation = Column::Operation.eq(operation.id);
        let deleted = Entity::delete_many().filter(of_operation).exec(connection).await;
        deleted.map_err(StoreError::of("delete the outputs of stages"))?;
    }
    Ok(())
}
