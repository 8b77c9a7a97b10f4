use std::{
    collections::HashMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use maud::{DOCTYPE, Markup, html};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The application's own HTML, by the names that the derive generates.
///
/// What has no template is shown with a plain one: a result as a table of its fields, a page as the
/// operation's container in the built-in layout.
///
/// ```
/// use liveops::{LiveOperation, Templates};
/// use maud::html;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(app = "demo")]
/// struct WordCount;
///
/// #[derive(Deserialize)]
/// struct Counted {
///     words: u64,
/// }
///
/// let templates = Templates::new().result(WordCount::RESULT_TEMPLATE, |counted: &Counted| {
///     html! { p { strong { (counted.words) } " words" } }
/// });
/// ```
#[derive(Default)]
pub struct Templates {
    layout: Option<Template<Layout>>,
    hosts: HashMap<String, Template<HostPage>>,
    results: HashMap<String, Template<Value, Result<Markup, serde_json::Error>>>,
    texts: HashMap<String, Template<Value, Result<String, serde_json::Error>>>,
}

type Template<In, Out = Markup> = Box<dyn Fn(&In) -> Out + Send + Sync>;

/// What a layout puts together to a page.
#[derive(Debug)]
#[non_exhaustive]
pub struct Layout {
    /// The title of the page.
    pub title: String,
    /// The elements of the page's head that liveops needs: style sheet and scripts.
    pub head: Markup,
    /// The content of the page.
    pub body: Markup,
    /// The path of the list of operations.
    pub list_url: String,
    /// Who looks at the page.
    pub viewer: String,
}

/// What a host template puts on the page of an operation.
#[derive(Debug)]
#[non_exhaustive]
pub struct HostPage {
    /// The operation's title.
    pub title: &'static str,
    /// The element that shows the operation and follows it. Its title is a second-level heading.
    pub container: Markup,
    /// The path of the list of operations.
    pub list_url: String,
}

impl Templates {
    /// No templates of the application's own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The frame of every page.
    #[must_use]
    pub fn layout(mut self, layout: impl Fn(&Layout) -> Markup + Send + Sync + 'static) -> Self {
        self.layout = Some(Box::new(layout));
        self
    }

    /// The page of an operation, under its
    /// [`HOST_TEMPLATE`](crate::LiveOperation::HOST_TEMPLATE).
    #[must_use]
    pub fn host(
        mut self,
        name: impl Into<String>,
        host: impl Fn(&HostPage) -> Markup + Send + Sync + 'static,
    ) -> Self {
        self.hosts.insert(name.into(), Box::new(host));
        self
    }

    /// The HTML of a result, under the operation's
    /// [`RESULT_TEMPLATE`](crate::LiveOperation::RESULT_TEMPLATE).
    ///
    /// A template that panics, or whose type the stored result does not fit, is reported to the
    /// application's log, and the result is shown as a table of its fields.
    #[must_use]
    pub fn result<Output: DeserializeOwned>(
        mut self,
        name: impl Into<String>,
        result: impl Fn(&Output) -> Markup + Send + Sync + 'static,
    ) -> Self {
        let template =
            move |output: &Value| Output::deserialize(output).map(|output| result(&output));
        self.results.insert(name.into(), Box::new(template));
        self
    }

    /// The plain text of a result, under the operation's
    /// [`RESULT_TEXT_TEMPLATE`](crate::LiveOperation::RESULT_TEXT_TEMPLATE).
    #[must_use]
    pub fn result_text<Output: DeserializeOwned>(
        mut self,
        name: impl Into<String>,
        text: impl Fn(&Output) -> String + Send + Sync + 'static,
    ) -> Self {
        let template =
            move |output: &Value| Output::deserialize(output).map(|output| text(&output));
        self.texts.insert(name.into(), Box::new(template));
        self
    }

    /// The names of all templates there are, to be held against the operations there are.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.hosts.keys().chain(self.results.keys()).chain(self.texts.keys());
        names.map(String::as_str)
    }

    pub(super) fn render_layout(&self, page: &Layout) -> Markup {
        match &self.layout {
            Some(layout) => layout(page),
            None => plain_layout(page),
        }
    }

    pub(super) fn render_host(&self, name: &str, page: &HostPage) -> Markup {
        match self.hosts.get(name) {
            Some(host) => host(page),
            None => html! {
                // The title in the container is a second-level heading: it may be one of several,
                // and changes when a chain moves on.
                h1 class="liveops-hidden" { "Operation" }
                (page.container)
            },
        }
    }

    pub(super) fn render_result(&self, name: &str, output: &Value) -> Markup {
        let Some(template) = self.results.get(name) else { return plain_result(output) };
        match catch_unwind(AssertUnwindSafe(|| template(output))) {
            Ok(Ok(markup)) => markup,
            Ok(Err(error)) => {
                tracing::error!(template = name, %error, "the stored result does not fit its template");
                plain_result(output)
            }
            Err(_) => {
                tracing::error!(template = name, "the result template panicked");
                plain_result(output)
            }
        }
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

fn plain_layout(page: &Layout) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (page.title) }
                (page.head)
            }
            body class="liveops-page" {
                header {
                    nav class="liveops-nav" {
                        a href=(page.list_url) { "Operations" }
                        span class="liveops-end liveops-user" { (page.viewer) }
                    }
                }
                main { (page.body) }
            }
        }
    }
}

/// A result without a template: a table of its fields, or the bare value; nothing for `()`.
fn plain_result(output: &Value) -> Markup {
    html! {
        @match output {
            Value::Null => {},
            Value::Object(fields) => table class="op-result-table" {
                @for (name, value) in fields {
                    tr { th scope="row" { (name) } td { (plain_value(value)) } }
                }
            },
            value => p { (plain_value(value)) },
        }
    }
}

fn plain_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
