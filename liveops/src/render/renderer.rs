//! The renderer: the settings of all HTML, and the fragments of a projection.

use std::{sync::Arc, time::Duration};

use maud::{Markup, html};

use super::{Assets, Fragment, Templates, region};
use crate::{
    config::Config,
    event::Ending,
    language::{Language, Languages},
    operation::{FieldOrder, OperationId, OperationKind},
    projection::{Change, Changes, Projection, Region},
};

/// Renders operations as HTML with the application's templates.
///
/// Cheap to clone. [`LiveOps::renderer`](crate::LiveOps::renderer) returns the renderer of an application:
///
/// ```
/// # use liveops::{LiveOps, store};
/// use liveops::UserId;
/// use maud::html;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = store::connect("sqlite::memory:").await?;
/// # let liveops = LiveOps::builder(db).build()?;
/// let renderer = liveops.renderer().with_language("en");
/// let body = html! { h1 { "Customers" } };
/// let page = renderer.page("Customers", &UserId::from("ann"), body);
/// assert!(page.0.contains("<h1>Customers</h1>"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Renderer {
    pub(super) templates: Arc<Templates>,
    pub(super) assets: Arc<Assets>,
    pub(super) mount: Arc<str>,
    pub(super) include_htmx: bool,
    pub(super) keepalive: Duration,
    languages: Languages,
    pub(super) language: Language,
}

/// The operation to render.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The kind of the operation.
    pub kind: OperationKind,
    /// The id of the operation.
    pub id: OperationId,
}

impl Renderer {
    /// Creates a renderer for an application whose liveops router is mounted at `mount`, such as `/live`. The
    /// renderer has the languages of liveops and uses English by default.
    pub(crate) fn new(templates: Templates, mount: &str) -> Self {
        let mount = mount.trim_end_matches('/');
        let languages = Languages::new();
        Self {
            language: languages.find(""),
            languages,
            templates: Arc::new(templates),
            assets: Arc::new(Assets::new()),
            mount: mount.into(),
            include_htmx: Config::default().include_htmx,
            keepalive: Config::default().keepalive,
        }
    }

    /// Includes the htmx of liveops in pages, or leaves htmx to the application's layout; default
    /// [`Config::include_htmx`].
    #[must_use]
    pub(crate) fn with_htmx(mut self, include_htmx: bool) -> Self {
        self.include_htmx = include_htmx;
        self
    }

    /// Sets the keepalive interval that pages expect of a quiet connection; default [`Config::keepalive`].
    #[must_use]
    pub(crate) fn with_keepalive(mut self, keepalive: Duration) -> Self {
        self.keepalive = keepalive;
        self
    }

    /// Sets the available languages and selects the default one of them.
    #[must_use]
    pub(crate) fn with_languages(mut self, languages: Languages) -> Self {
        self.language = languages.find("");
        self.languages = languages;
        self
    }

    /// Returns a renderer in the best available language for `accepted`: a BCP 47 tag, or the value of an
    /// `Accept-Language` header.
    #[must_use]
    pub fn with_language(&self, accepted: &str) -> Self {
        Self { language: self.languages.find(accepted), ..self.clone() }
    }

    /// The current language.
    pub fn language(&self) -> &Language {
        &self.language
    }

    /// The available languages.
    pub fn languages(&self) -> &Languages {
        &self.languages
    }

    /// The static files that pages load.
    pub(crate) fn assets(&self) -> &Assets {
        &self.assets
    }

    /// The application's templates.
    pub(crate) fn templates(&self) -> &Arc<Templates> {
        &self.templates
    }

    /// The path of the router, without a slash at the end.
    pub fn mount(&self) -> &str {
        &self.mount
    }

    /// Returns the path that creates operations of this type, which is also the path of their form.
    pub fn create_url(&self, op_type: &str) -> String {
        format!("{}/{op_type}/", self.mount)
    }

    /// Returns the path of an operation's page.
    pub fn url(&self, op_type: &str, id: OperationId) -> String {
        format!("{}/{op_type}/{id}/", self.mount)
    }

    /// Renders the fragments for the `changes` of a projection.
    pub(crate) fn fragments(
        &self,
        subject: &Subject,
        projection: &Projection,
        changes: Changes,
    ) -> Vec<Fragment> {
        let mut fragments = Vec::new();
        for (region, change) in changes {
            self.region_fragments(subject, projection, region, change, &mut fragments);
        }
        fragments
    }

    /// Renders the fragments of every region.
    pub(crate) fn snapshot(&self, subject: &Subject, projection: &Projection) -> Vec<Fragment> {
        self.fragments(subject, projection, projection.everything())
    }

    /// Renders the result in a snapshot again, because a template file may have changed since.
    pub(crate) fn renew_result(
        &self,
        subject: &Subject,
        projection: &Projection,
        snapshot: &mut [Fragment],
    ) {
        let is_result = |fragment: &&mut Fragment| fragment.region == Region::Result;
        if let Some(fragment) = snapshot.iter_mut().find(is_result) {
            fragment.html = self.result(subject, projection).0.into();
        }
    }

    /// Renders a result as plain text with the text template of its operation, or as one line `field=value`
    /// for each field.
    pub(crate) fn result_text(
        &self,
        kind: &OperationKind,
        output: &serde_json::Value,
        order: &FieldOrder,
    ) -> String {
        let template = kind.result_text_template;
        self.templates.render_result_text(template, output, order, &self.language)
    }

    fn region_fragments(
        &self,
        subject: &Subject,
        projection: &Projection,
        region: Region,
        change: Change,
        fragments: &mut Vec<Fragment>,
    ) {
        let language = &self.language;
        let content = match &region {
            Region::Log => {
                let lines = Growing {
                    base: "",
                    first_id: projection.log.first_id(),
                    next_id: projection.log.next_id(),
                };
                return lines.fragments(region, change, fragments, |from| {
                    region::log_lines(subject.id, projection.log.iter_from(from)).0
                });
            }
            Region::Custom(name) => {
                let Some(custom) = projection.custom.get(name) else { return };
                let added = Growing {
                    base: &custom.base,
                    first_id: custom.added.first_id(),
                    next_id: custom.added.next_id(),
                };
                return added.fragments(region.clone(), change, fragments, |from| {
                    custom.added.iter_from(from).map(|(_, html)| &**html).collect()
                });
            }
            Region::Controls => {
                let url = self.url(subject.kind.op_type, subject.id);
                region::controls(language, &url, projection)
            }
            Region::Stages => region::stages(language, &subject.kind, &projection.stages),
            Region::Status => region::status(language, projection),
            Region::Progress => region::progress(language, projection),
            Region::Result => self.result(subject, projection),
        };
        fragments.push(Fragment::replace(region, content.0));
    }

    fn result(&self, subject: &Subject, projection: &Projection) -> Markup {
        match &projection.ending {
            None | Some(Ending::Cancelled) => html! {},
            Some(Ending::Failed(message)) => region::error(message),
            Some(Ending::Finished(output)) => html! {
                (self.templates.render_result(subject.kind.result_template, output, &projection.output_order, &self.language))
                (region::next_link(&self.language, projection))
            },
        }
    }
}

/// A region that grows at its end.
struct Growing<'a> {
    base: &'a str,
    first_id: u64,
    next_id: u64,
}

impl Growing<'_> {
    /// Renders the items since the change, or all of them if the first new item is no longer kept.
    fn fragments(
        &self,
        region: Region,
        change: Change,
        fragments: &mut Vec<Fragment>,
        html_from: impl FnOnce(u64) -> String,
    ) {
        let from = match change {
            Change::Appended { from } if from >= self.first_id => from,
            Change::Appended { .. } | Change::Replaced => {
                fragments.push(Fragment::replace(region.clone(), self.base));
                self.first_id
            }
        };
        let items = self.next_id - from;
        if items > 0 {
            fragments.push(Fragment::append(region, items as u32, html_from(from)));
        }
    }
}
