//! The sea-orm entity of a draft: a row that passed the check and is not yet a score.

use sea_orm::entity::prelude::*;

/// One row of one run of an import.
///
/// The attempt is part of the key: a run that lost its lease and continues cannot mix its rows with the rows
/// of the next run.
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
