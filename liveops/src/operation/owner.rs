//! The owner of an operation to be enqueued.

use super::UserId;

/// The owner of an operation to be enqueued, with the languages of the owner. An ID as text converts to an
/// owner without languages, and a [`Viewer`](crate::Viewer) to an owner with the languages of the viewer.
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
    /// The ID of the owner.
    pub id: UserId,
    /// The languages of the owner as BCP 47 tags, preferred first, separated by commas. Empty for the default
    /// language of the application.
    pub languages: String,
}

impl<Id: Into<UserId>> From<Id> for Owner {
    fn from(id: Id) -> Self {
        Self { id: id.into(), languages: String::new() }
    }
}
