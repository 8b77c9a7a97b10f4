//! The scores: the application's own tables, beside those of liveops.

mod draft;
mod import_scores;
mod migration;
mod new_score;
mod score;
mod store;

pub use import_scores::ImportScores;
pub use migration::Migrator;
pub use new_score::NewScore;
pub use score::{Column, Entity, Model, Relation};
pub use store::Scores;
