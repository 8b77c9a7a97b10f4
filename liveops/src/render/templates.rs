//! The templates of the application: functions and files by name, with plain HTML as fallback.
//!
//! A file precedes a function of the same name: the function comes with the application, and the file was
//! added later. If one fails, the next one is used. A page of a finished operation renders its result again,
//! because the retained result was rendered by an earlier version of the template.

mod attempt;
mod files;
#[cfg(feature = "minijinja")]
mod folder;
mod plain;
pub(super) mod value;

use std::{collections::HashMap, fmt, io, path::PathBuf};

use maud::{Markup, PreEscaped};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::{
    attempt::attempt,
    files::{Files, Shown},
    value::value,
};
use crate::{
    language::Language,
    operation::{FieldOrder, LiveOperation},
};

/// The application's own HTML, by the names that the derive generates.
///
/// Without a template, liveops shows plain HTML: a result as a table of its fields in the order of the struct, a page as the operation's
/// container in the built-in layout. If a template panics or does not fit its argument, the failure is logged
/// with `tracing` and the plain HTML is shown instead.
///
/// ```
/// use liveops::{LiveOperation, Progress, Run, RunResult, Templates};
/// use maud::html;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(app = "demo")]
/// struct WordCount {
///     text: String,
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Counted {
///     words: usize,
/// }
///
/// impl Run for WordCount {
///     type Output = Counted;
///
///     async fn run(&self, _: Progress<Self>) -> RunResult<Counted> {
///         Ok(Counted { words: self.text.split_whitespace().count() })
///     }
/// }
///
/// let templates = Templates::new().result::<WordCount>(|counted, language| {
///     html! { p { strong { (language.number(counted.words as f64)) } " words" } }
/// });
/// ```
///
/// With the feature `minijinja`, templates can also be files, which take effect without compilation:
/// `Templates::folder`.
#[derive(Default)]
pub struct Templates {
    layout: Option<Function<Layout, Markup>>,
    hosts: Functions<HostPage, Markup>,
    results: Functions<Value, Markup>,
    texts: Functions<Value, String>,
    regions: Functions<Value, Markup>,
    files: Option<Box<dyn Files>>,
}

type Functions<In, Out> = HashMap<String, Function<In, Out>>;

/// A template function of the application. It fails if its argument cannot be deserialized from JSON.
type Function<In, Out> =
    Box<dyn Fn(&In, &Language) -> Result<Out, serde_json::Error> + Send + Sync>;

/// The parts that a layout combines into a page. [`Templates::layout`] has an example.
#[derive(Debug)]
#[non_exhaustive]
pub struct Layout {
    /// The title of the page.
    pub title: String,
    /// The elements for the page's head that liveops needs: style sheet and scripts.
    pub head: Markup,
    /// The content of the page.
    pub body: Markup,
    /// The path of the list of operations.
    pub list_url: String,
    /// The title of the list of operations.
    pub list_title: String,
    /// The viewer of the page.
    pub viewer: String,
    /// The language of the page; put its tag into `<html lang>`.
    pub language: Language,
}

/// The parts of an operation's page for a host template. [`Templates::host`] has an example.
#[derive(Debug)]
#[non_exhaustive]
pub struct HostPage {
    /// The title of the operation.
    pub title: String,
    /// The description of the operation, which the container shows too.
    pub description: Option<String>,
    /// The element that shows the operation and follows its channel. Its title is a second-level heading.
    pub container: Markup,
    /// The path of the list of operations.
    pub list_url: String,
    /// The language of the page.
    pub language: Language,
}

impl Templates {
    /// Creates an empty set of templates.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the layout of every page.
    ///
    /// ```
    /// use liveops::Templates;
    /// use maud::{DOCTYPE, html};
    ///
    /// let templates = Templates::new().layout(|page| {
    ///     html! {
    ///         (DOCTYPE)
    ///         html lang=(page.language.tag()) {
    ///             head { title { (page.title) } (page.head) }
    ///             body {
    ///                 nav { a href=(page.list_url) { (page.list_title) } }
    ///                 main { (page.body) }
    ///             }
    ///         }
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn layout(mut self, layout: impl Fn(&Layout) -> Markup + Send + Sync + 'static) -> Self {
        self.layout = Some(Box::new(move |page, _| Ok(layout(page))));
        self
    }

    /// Sets the page of an operation.
    ///
    /// ```
    /// # use liveops::LiveOperation;
    /// use liveops::Templates;
    /// use maud::html;
    /// # use serde::{Deserialize, Serialize};
    ///
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct WordCount {
    /// #     text: String,
    /// # }
    /// let templates = Templates::new().host::<WordCount>(|page| {
    ///     html! {
    ///         h1 { (page.title) }
    ///         (page.container)
    ///         a href=(page.list_url) { "All operations" }
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn host<Op: LiveOperation>(
        mut self,
        host: impl Fn(&HostPage) -> Markup + Send + Sync + 'static,
    ) -> Self {
        let host: Function<HostPage, Markup> = Box::new(move |page, _| Ok(host(page)));
        self.hosts.insert(Op::HOST_TEMPLATE.to_owned(), host);
        self
    }

    /// Sets the HTML for values that a custom region of an operation gets from
    /// [`WebProgress::show`](crate::WebProgress::show) and
    /// [`append_template`](crate::WebProgress::append_template).
    ///
    /// `T` is read from the JSON of the value. The language is the owner's.
    ///
    /// ```
    /// use liveops::{LiveOperation, Progress, Run, RunResult, Templates};
    /// use maud::html;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(LiveOperation, Serialize, Deserialize)]
    /// #[liveop(app = "demo")]
    /// struct WordCount {
    ///     text: String,
    /// }
    ///
    /// impl Run for WordCount {
    ///     type Output = usize;
    ///
    ///     async fn run(&self, p: Progress<Self>) -> RunResult<usize> {
    ///         let words: Vec<&str> = self.text.split_whitespace().collect();
    ///         if let Some(web) = p.web() {
    ///             web.show("preview", &words);
    ///         }
    ///         Ok(words.len())
    ///     }
    /// }
    ///
    /// let templates = Templates::new()
    ///     .region::<WordCount, Vec<String>>("preview", |words, _| {
    ///         html! { ul { @for word in words { li { (word) } } } }
    ///     });
    /// ```
    #[must_use]
    pub fn region<Op: LiveOperation, T: DeserializeOwned>(
        mut self,
        region: &str,
        html: impl Fn(&T, &Language) -> Markup + Send + Sync + 'static,
    ) -> Self {
        self.regions.insert(Op::fragment_template(region), typed(html));
        self
    }

    /// Sets the HTML of a result, under the name of its template.
    pub(crate) fn with_result<Output: DeserializeOwned>(
        mut self,
        name: &str,
        html: impl Fn(&Output, &Language) -> Markup + Send + Sync + 'static,
    ) -> Self {
        self.results.insert(name.to_owned(), typed(html));
        self
    }

    /// Sets the plain text of a result, under the name of its template.
    pub(crate) fn with_result_text<Output: DeserializeOwned>(
        mut self,
        name: &str,
        text: impl Fn(&Output, &Language) -> String + Send + Sync + 'static,
    ) -> Self {
        self.texts.insert(name.to_owned(), typed(text));
        self
    }

    /// Adds a folder with template files, for every template but the layout: `demo/word_count.html` is the
    /// page of an operation, `demo/word_count_result.html` its result, `demo/word_count_result.txt` the
    /// result as plain text, and `demo/word_count_preview.html` the region `preview`.
    ///
    /// Files use the Jinja syntax of `minijinja`. A file can include and extend other files of the folder,
    /// and nothing outside the folder. An added, changed or removed file takes effect the next time its
    /// template is shown, without compilation and without a new start of the process.
    ///
    /// | a file for | can name |
    /// |---|---|
    /// | a page | `title`, `description` (empty without one), `container`, `list_url` and `language` (a tag), as in [`HostPage`](crate::render::HostPage) |
    /// | a result | the fields of the output, and the output itself as `result` |
    /// | a region | the fields of the value, and the value itself as `value` |
    ///
    /// A field named `result` or `value` takes precedence over the whole. An undefined name is an error,
    /// except in `{% if … %}` and before `|default(…)`.
    ///
    /// Values in HTML are escaped independent of the file name, except `container`; plain text is not
    /// escaped.
    ///
    /// A file takes precedence over a function of the same name, so an operator can replace the functions of
    /// an application with files. If a file is broken, its path, line and error are logged with `tracing`,
    /// and the function or else the plain template is used.
    ///
    /// `path` is relative to the folder in which the process starts. The folder must exist when
    /// [`Builder::build`](crate::runner::Builder::build) is called.
    #[cfg(feature = "minijinja")]
    #[must_use]
    pub fn folder(mut self, path: impl AsRef<std::path::Path>) -> Self {
        self.files = Some(Box::new(folder::Folder::new(path.as_ref())));
        self
    }

    /// The names of all functions except those of regions, to compare with the registered operations.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.hosts.keys().chain(self.results.keys()).chain(self.texts.keys());
        names.map(String::as_str)
    }

    /// The names of the functions of regions.
    pub(crate) fn region_names(&self) -> impl Iterator<Item = &str> {
        self.regions.keys().map(String::as_str)
    }

    /// Checks that the folder of files can be read, and returns the folder with the error otherwise.
    pub(crate) fn check_files(&self) -> Result<(), (PathBuf, io::Error)> {
        match &self.files {
            Some(files) => files.check().map_err(|error| (files.path(""), error)),
            None => Ok(()),
        }
    }

    /// Returns `true` if a template may change while the process runs.
    pub(crate) fn can_change(&self) -> bool {
        self.files.is_some()
    }

    pub(super) fn render_layout(&self, page: &Layout) -> Markup {
        let layout = self
            .layout
            .as_ref()
            .and_then(|layout| attempt("layout", || layout(page, &page.language)));
        layout.unwrap_or_else(|| plain::layout(page))
    }

    pub(super) fn render_host(&self, name: &str, page: &HostPage) -> Markup {
        self.file(name, |files| files.page(name, page))
            .map(PreEscaped)
            .or_else(|| call(&self.hosts, name, page, &page.language))
            .unwrap_or_else(|| plain::host(page))
    }

    pub(super) fn render_result(
        &self,
        name: &str,
        output: &Value,
        order: &FieldOrder,
        language: &Language,
    ) -> Markup {
        self.file(name, |files| files.html(name, output, "result"))
            .map(PreEscaped)
            .or_else(|| call(&self.results, name, output, language))
            .unwrap_or_else(|| value(output, order, language))
    }

    pub(super) fn render_result_text(
        &self,
        name: &str,
        output: &Value,
        order: &FieldOrder,
        language: &Language,
    ) -> String {
        self.file(name, |files| files.text(name, output, "result"))
            .or_else(|| call(&self.texts, name, output, language))
            .unwrap_or_else(|| plain::text(output, order))
    }

    /// Renders `value` for a custom region. A missing template is logged as an error, unlike for a result,
    /// because the run named the template.
    pub(crate) fn render_region(&self, name: &str, value: &Value, language: &Language) -> Markup {
        self.file(name, |files| files.html(name, value, "value"))
            .map(PreEscaped)
            .or_else(|| call(&self.regions, name, value, language))
            .unwrap_or_else(|| {
                let file = self.files.as_ref().map(|files| files.path(name).display().to_string());
                tracing::error!(
                    template = name,
                    file,
                    "no usable template for a custom region; showing a plain table"
                );
                self::value::value(value, &FieldOrder::default(), language)
            })
    }

    /// Renders a file; `None` if the file is missing or broken.
    fn file(&self, name: &str, show: impl FnOnce(&dyn Files) -> Shown) -> Option<String> {
        let files = self.files.as_deref()?;
        let shown = attempt(name, || show(files).transpose())?;
        if shown.is_none() {
            tracing::debug!(
                template = name,
                file = %files.path(name).display(),
                "template file not found; using the template function"
            );
        }
        shown
    }
}

/// Renders with the function of this name; `None` if the function is missing or fails.
fn call<In, Out>(
    functions: &Functions<In, Out>,
    name: &str,
    argument: &In,
    language: &Language,
) -> Option<Out> {
    let function = functions.get(name)?;
    attempt(name, || function(argument, language))
}

fn typed<T: DeserializeOwned, Out>(
    function: impl Fn(&T, &Language) -> Out + Send + Sync + 'static,
) -> Function<Value, Out> {
    Box::new(move |value, language| T::deserialize(value).map(|value| function(&value, language)))
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.names())
            .entries(self.region_names())
            .entries(&self.files)
            .finish()
    }
}

#[cfg(test)]
mod tests;
