//! The sea-orm entity of a score.

use sea_orm::entity::prelude::*;

/// The score of a student in a course.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "scores")]
pub struct Model {
    /// The id of the row.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The operation that imported it.
    pub operation: Uuid,
    /// The student.
    pub student: String,
    /// The course.
    pub course: String,
    /// The score, from 0 to 100.
    pub score: f64,
}

/// The entity has no relations.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
