//! The viewer of a request, and the extractor that admits or refuses viewers.

use std::marker::PhantomData;

use axum::{
    Extension,
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};

use crate::{
    language::Text,
    operation::{ChannelName, Owner, UserId},
    store::Model,
    web::{error::WebError, negotiation::by_weight, state::Web},
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
    /// Staff see and manage all operations, and read tracebacks.
    pub is_staff: bool,
    /// The user's languages as BCP 47 tags, separated by commas, most preferred first. `None` uses the
    /// `Accept-Language` header of the request.
    pub languages: Option<String>,
}

impl Viewer {
    /// Creates a viewer without groups who is not staff.
    ///
    /// Requests of a viewer with an empty ID are refused with 403: an application that serves people who are not
    /// signed in gives each of them an ID of their own.
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
    pub(in crate::web) fn accepted_languages(&self) -> &str {
        self.languages.as_deref().unwrap_or_default()
    }

    /// Returns `true` if the viewer may see the operation and everything that belongs to the operation. A
    /// viewer may see their own operations; staff may see all. Use this method in routes of the application,
    /// for example one that serves a file made by an operation.
    ///
    /// ```
    /// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, store};
    /// use liveops::{OperationId, Viewer, store::{Model, StoreError}};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Report;
    /// # impl Run for Report {
    /// #     type Output = ();
    /// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
    /// #         Ok(())
    /// #     }
    /// # }
    ///
    /// /// Returns `None` for a missing operation and for an operation of another owner.
    /// async fn find(
    ///     liveops: &LiveOps,
    ///     viewer: &Viewer,
    ///     id: OperationId,
    /// ) -> Result<Option<Model>, StoreError> {
    ///     Ok(liveops.find(id).await?.filter(|row| viewer.may_see(row)))
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// # let liveops = LiveOps::builder(db).register::<Report>().build()?;
    /// # liveops.migrate().await?;
    /// let id = liveops.enqueue(Report, "ann").await?;
    /// assert!(find(&liveops, &Viewer::new("ann"), id).await?.is_some());
    /// assert!(find(&liveops, &Viewer::new("ben"), id).await?.is_none());
    /// assert!(find(&liveops, &Viewer::new("admin").with_staff(true), id).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn may_see(&self, row: &Model) -> bool {
        self.is_staff || row.owner == self.id.as_str()
    }

    /// Returns the traceback of a run that has ended, if the viewer may read tracebacks.
    pub(in crate::web) fn traceback_of<'a>(&self, row: &'a Model) -> Option<&'a str> {
        let may_read = self.is_staff && row.state().is_terminal();
        row.traceback.as_deref().filter(|_| may_read)
    }

    /// Returns the channel of the list that the viewer sees.
    pub(crate) fn list_channel(&self) -> ChannelName {
        if self.is_staff { ChannelName::all() } else { ChannelName::owner(&self.id) }
    }

    fn is_admitted(&self, required_group: Option<&String>) -> bool {
        self.is_staff || required_group.is_none_or(|group| self.groups.contains(group))
    }
}

impl From<&Viewer> for Owner {
    fn from(viewer: &Viewer) -> Self {
        Self { id: viewer.id.clone(), languages: viewer.accepted_languages().to_owned() }
    }
}

/// The viewer of a request, identified and admitted.
#[derive(Debug)]
pub(in crate::web) struct Authenticated<V> {
    pub(in crate::web) viewer: Viewer,
    extractor: PhantomData<fn() -> V>,
}

impl<V, S> FromRequestParts<S> for Authenticated<V>
where
    V: FromRequestParts<S> + Into<Viewer>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let extracted = V::from_request_parts(parts, state).await;
        let mut viewer: Viewer = extracted.map_err(IntoResponse::into_response)?.into();
        viewer.languages = viewer.languages.or_else(|| accepted_languages(&parts.headers));
        let Extension(web) = Extension::<Web>::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        // PostgreSQL cannot store the character.
        if viewer.id.as_str().contains('\0') {
            return Err(WebError::bad_request(Text::HasNul).answer(&web, &viewer, &parts.headers));
        }
        if viewer.id.as_str().is_empty() {
            tracing::warn!(
                "refused a request: the application gave its viewer an empty ID, and all such users would share \
                 their operations"
            );
            let refusal = WebError::forbidden(Text::NotInGroup);
            return Err(refusal.answer(&web, &viewer, &parts.headers));
        }
        if viewer.is_admitted(web.engine().config.required_group.as_ref()) {
            Ok(Self { viewer, extractor: PhantomData })
        } else {
            let refusal = WebError::forbidden(Text::NotInGroup);
            Err(refusal.answer(&web, &viewer, &parts.headers))
        }
    }
}

/// Returns the languages that the browser of a request asks for, the most preferred first.
pub(in crate::web) fn accepted_languages(headers: &HeaderMap) -> Option<String> {
    by_weight(headers, header::ACCEPT_LANGUAGE).map(|languages| languages.join(","))
}
