//! The user of a request.

use crate::{
    operation::{ChannelName, Owner, UserId},
    store::Model,
};

/// The user who sends a request, as the application identifies them.
///
/// An application converts its own extractor into a viewer. [`web::router`](crate::web::router) has an
/// example of the extractor.
///
/// ```
/// use liveops::Viewer;
///
/// struct CurrentUser {
///     name: String,
///     is_admin: bool,
/// }
///
/// impl From<CurrentUser> for Viewer {
///     fn from(user: CurrentUser) -> Self {
///         Viewer::new(user.name).with_staff(user.is_admin)
///     }
/// }
/// #
/// # let admin = Viewer::from(CurrentUser { name: "ann".into(), is_admin: true });
/// # assert!(admin.is_staff && admin.id == "ann".into());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Viewer {
    /// The user's ID. It becomes the owner of the operations that the user creates.
    pub id: UserId,
    /// The user's groups, checked against `Config::required_group`.
    pub groups: Vec<String>,
    /// Staff see and manage all operations, unless the [access policy](super::AccessPolicy) restricts them, and
    /// read tracebacks.
    pub is_staff: bool,
    /// The user's languages as BCP 47 tags, separated by commas, most preferred first. `None` uses the
    /// `Accept-Language` header of the request.
    pub languages: Option<String>,
}

impl Viewer {
    /// Creates a viewer without groups who is not staff.
    ///
    /// liveops refuses requests of a viewer with an empty ID with 403. An application that serves users without a
    /// sign-in gives each of them a different ID.
    pub fn new(id: impl Into<UserId>) -> Self {
        Self { id: id.into(), groups: Vec::new(), is_staff: false, languages: None }
    }

    /// Sets the groups.
    #[must_use]
    pub fn with_groups<G: Into<String>>(mut self, groups: impl IntoIterator<Item = G>) -> Self {
        self.groups = groups.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the staff flag.
    #[must_use]
    pub fn with_staff(mut self, is_staff: bool) -> Self {
        self.is_staff = is_staff;
        self
    }

    /// Sets the languages: one tag such as `pl`, or several separated by commas.
    #[must_use]
    pub fn with_languages(mut self, languages: impl Into<String>) -> Self {
        self.languages = Some(languages.into());
        self
    }

    /// Returns the viewer's languages in the format of `Accept-Language`.
    pub(crate) fn accepted_languages(&self) -> &str {
        self.languages.as_deref().unwrap_or_default()
    }

    /// Returns the traceback of a run that has ended, if the viewer may read tracebacks.
    pub(crate) fn traceback_of<'a>(&self, row: &'a Model) -> Option<&'a str> {
        let may_read = self.is_staff && row.state().is_terminal();
        row.traceback.as_deref().filter(|_| may_read)
    }

    /// Returns the channel of the list that the viewer sees.
    pub(crate) fn list_channel(&self) -> ChannelName {
        if self.is_staff { ChannelName::all() } else { ChannelName::owner(&self.id) }
    }

    pub(crate) fn is_admitted(&self, required_group: Option<&String>) -> bool {
        self.is_staff || required_group.is_none_or(|group| self.groups.contains(group))
    }
}

impl From<&Viewer> for Owner {
    fn from(viewer: &Viewer) -> Self {
        Self { id: viewer.id.clone(), languages: viewer.accepted_languages().to_owned() }
    }
}
