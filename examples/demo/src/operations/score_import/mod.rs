//! The import of a file of scores: an example of a real operation.
//!
//! The import reads the file record by record, so the size of the file does not matter. It never saves a part of
//! a file: valid rows are stored as drafts, and become scores in one transaction at the end.

mod operation;
mod records;
mod row;
mod source;
mod summary;
mod template;

pub use operation::ScoreImport;
pub use summary::{CourseSummary, Summary};
pub(super) use template::templates;
