//! The sea-orm entity of an executed stage.

use sea_orm::entity::prelude::*;

/// The number of executions of one stage of one operation.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stage_executions")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) operation: Uuid,
    /// The label of the stage.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) stage: String,
    pub(super) executions: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
