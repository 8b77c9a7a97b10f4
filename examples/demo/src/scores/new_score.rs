//! A score that is not yet stored.

/// A score before it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewScore {
    /// The number of its line in the file.
    pub line: u64,
    /// The student.
    pub student: String,
    /// The course.
    pub course: String,
    /// The score, from 0 to 100.
    pub score: f64,
}
