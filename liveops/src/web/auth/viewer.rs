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
    web::{error::WebError, state::Web},
};

/// Whoever sends a request, as the application knows them.
///
/// An application turns its own extractor into one: `impl From<CurrentUser> for Viewer`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Viewer {
    /// Who it is: the owner of what they create.
    pub id: UserId,
    /// The groups they are in, for `Config::required_group`.
    pub groups: Vec<String>,
    /// Whether they see and manage everybody's operations, and tracebacks.
    pub is_staff: bool,
    /// The languages they read, liked best first with commas between them, as BCP 47 tags. Where the
    /// application does not know, as their browser says.
    pub languages: Option<String>,
}

impl Viewer {
    /// An ordinary viewer, in no group.
    pub fn new(id: impl Into<UserId>) -> Self {
        Self { id: id.into(), groups: Vec::new(), is_staff: false, languages: None }
    }

    /// The same viewer, in these groups.
    #[must_use]
    pub fn with_groups<G: Into<String>>(mut self, groups: impl IntoIterator<Item = G>) -> Self {
        self.groups = groups.into_iter().map(Into::into).collect();
        self
    }

    /// The same viewer, as a superuser or not.
    #[must_use]
    pub fn with_staff(mut self, is_staff: bool) -> Self {
        self.is_staff = is_staff;
        self
    }

    /// The same viewer, who has told the application which language to speak: `pl`, or several with
    /// commas between them.
    #[must_use]
    pub fn with_languages(mut self, languages: impl Into<String>) -> Self {
        self.languages = Some(languages.into());
        self
    }

    /// What the viewer asks for, in the form of `Accept-Language`.
    pub(in crate::web) fn accepted_languages(&self) -> &str {
        self.languages.as_deref().unwrap_or_default()
    }

    /// Whether an operation is the viewer's to see, and what belongs to it: their own, or anybody's for
    /// superusers. For routes of the application's, such as one that serves a file that an operation made.
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
    /// /// `None` for what does not exist and for what is somebody else's.
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

    /// What went wrong in a run that has ended, if the viewer may read that.
    pub(in crate::web) fn traceback_of<'a>(&self, row: &'a Model) -> Option<&'a str> {
        let may_read = self.is_staff && row.state().is_terminal();
        row.traceback.as_deref().filter(|_| may_read)
    }

    /// The channel of the list that the viewer sees.
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

/// The viewer of a request, known and let in.
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
        if viewer.is_admitted(web.engine().config.required_group.as_ref()) {
            Ok(Self { viewer, extractor: PhantomData })
        } else {
            let refusal = WebError::forbidden(Text::NotInGroup);
            Err(refusal.answer(&web, &viewer, &parts.headers))
        }
    }
}

/// What the browser of a request asks for.
pub(in crate::web) fn accepted_languages(headers: &HeaderMap) -> Option<String> {
    let accepted = headers.get(header::ACCEPT_LANGUAGE)?;
    accepted.to_str().ok().map(str::to_owned)
}
