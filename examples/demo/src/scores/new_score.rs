/// A score on its way in.
#[derive(Debug, Clone, PartialEq)]
pub struct NewScore {
    /// The line of the file it stands in.
    pub line: u64,
    /// The student.
    pub student: String,
    /// The course.
    pub course: String,
    /// From 0 to 100.
    pub score: f64,
}
