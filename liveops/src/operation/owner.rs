use super::UserId;

/// Whose an operation is that is about to be enqueued, and what they read. Most of the time just an id,
/// as text; a [`Viewer`](crate::Viewer) brings their languages along.
///
/// ```
/// use liveops::{Viewer, operation::Owner};
///
/// assert_eq!(Owner::from("ann").languages, "");
/// let ann = Viewer::new("ann").with_languages("pl, en");
/// assert_eq!(Owner::from(&ann).languages, "pl, en");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Who it is.
    pub id: UserId,
    /// The languages they read, liked best first with commas between them, as BCP 47 tags. Empty for the
    /// application's default.
    pub languages: String,
}

impl<Id: Into<UserId>> From<Id> for Owner {
    fn from(id: Id) -> Self {
        Self { id: id.into(), languages: String::new() }
    }
}
