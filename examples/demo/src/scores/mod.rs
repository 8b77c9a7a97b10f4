//! The scores: the application's own tables, beside those of liveops.

mod draft;
mod import_scores;
mod migration;
mod score;
mod store;

pub use import_scores::ImportScores;
pub use migration::Migrator;
pub use score::{Column, Entity, Model, Relation};
pub use store::Scores;
