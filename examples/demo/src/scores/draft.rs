//! The sea-orm entity of a row that passed the check and is no score yet.

use sea_orm::entity::prelude::*;

/// One row of one run of an import.
///
/// The attempt is part of the key: a run that was given up and goes on unnoticed cannot mix its
/// rows with those of the next one.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "score_drafts")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) operation: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) attempt: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) line: i64,
    pub(super) student: String,
    pub(super) course: String,
    pub(super) score: f64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
