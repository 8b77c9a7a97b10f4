//! The import of a file of scores: what a real operation looks like.
//!
//! Reads the file line by line, so its size does not matter. Nothing is saved by halves: rows that
//! passed the check wait beside the scores until all of them are through, and become scores in one
//! transaction.

mod lines;
mod operation;
mod row;
mod source;
mod summary;
mod template;

pub use operation::ScoreImport;
pub use summary::{CourseSummary, Summary};
pub(super) use template::templates;
