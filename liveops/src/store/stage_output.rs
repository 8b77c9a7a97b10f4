//! The sea-orm entity of a durable stage's saved output.

use sea_orm::entity::prelude::*;

/// What a durable stage gave, so that a later attempt need not run it again.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "liveops_stage_output")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) operation: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) stage: String,
    pub(super) output: Json,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
