//! The sea-orm entity of a call of the hook.

use sea_orm::entity::prelude::*;

/// A call of the hook.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ended")]
pub(super) struct Model {
    #[sea_orm(primary_key)]
    pub(super) id: i64,
    pub(super) operation: Uuid,
    /// The key of the end.
    pub(super) key: String,
    /// The state at the end, such as `FINISHED_OK`.
    pub(super) state: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
