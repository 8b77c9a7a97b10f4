mod attempt;
mod files;
#[cfg(feature = "minijinja")]
mod folder;
mod plain;

use std::{collections::HashMap, fmt, io, path::PathBuf};

use maud::{Markup, PreEscaped};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::{
    attempt::attempt,
    files::{Files, Shown},
};
use crate::language::Language;

/// The application's own HTML, by the names that the derive generates.
///
/// What has no template is shown with a plain one: a result as a table of its fields, a page as the
/// operation's container in the built-in layout. So is what a template makes nothing of: one that
/// panics or does not fit is reported to the application's log, and takes nothing else down.
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
///
/// With the feature `minijinja`, templates can be files as well, which take effect without a
/// compiler: `Templates::folder`.
#[derive(Default)]
pub struct Templates {
    layout: Option<Function<Layout, Markup>>,
    hosts: Functions<HostPage, Markup>,
    results: Functions<Value, Markup>,
    texts: Functions<Value, String>,
    fragments: Functions<Value, Markup>,
    files: Option<Box<dyn Files>>,
}

type Functions<In, Out> = HashMap<String, Function<In, Out>>;

/// A function of the application's; it fails when its argument has to be read from JSON first, and
/// is of another type.
type Function<In, Out> = Box<dyn Fn(&In) -> Result<Out, serde_json::Error> + Send + Sync>;

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
    /// The title of the list of operations.
    pub list_title: String,
    /// Who looks at the page.
    pub viewer: String,
    /// The language of the page: its tag belongs into `<html lang>`.
    pub language: Language,
}

/// What a host template puts on the page of an operation.
#[derive(Debug)]
#[non_exhaustive]
pub struct HostPage {
    /// The operation's title.
    pub title: String,
    /// The element that shows the operation and follows it. Its title is a second-level heading.
    pub container: Markup,
    /// The path of the list of operations.
    pub list_url: String,
    /// The language of the page.
    pub language: Language,
}

impl Templates {
    /// No templates of the application's own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The frame of every page.
    #[must_use]
    pub fn layout(mut self, layout: impl Fn(&Layout) -> Markup + Send + Sync + 'static) -> Self {
        self.layout = Some(Box::new(move |page| Ok(layout(page))));
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
        self.hosts.insert(name.into(), Box::new(move |page| Ok(host(page))));
        self
    }

    /// The HTML of a result, under the operation's
    /// [`RESULT_TEMPLATE`](crate::LiveOperation::RESULT_TEMPLATE).
    #[must_use]
    pub fn result<Output: DeserializeOwned>(
        mut self,
        name: impl Into<String>,
        result: impl Fn(&Output) -> Markup + Send + Sync + 'static,
    ) -> Self {
        self.results.insert(name.into(), typed(result));
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
        self.texts.insert(name.into(), typed(text));
        self
    }

    /// The HTML that a custom region gets from [`WebProgress::show`](crate::WebProgress::show) and
    /// [`append_template`](crate::WebProgress::append_template), under the operation's
    /// [`fragment_template`](crate::LiveOperation::fragment_template) of that region.
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
    /// let preview = WordCount::fragment_template("preview");
    /// assert_eq!(preview, "demo/word_count_preview.html");
    /// let templates = Templates::new().fragment(preview, |words: &Vec<String>| {
    ///     html! { ul { @for word in words { li { (word) } } } }
    /// });
    /// ```
    #[must_use]
    pub fn fragment<T: DeserializeOwned>(
        mut self,
        name: impl Into<String>,
        fragment: impl Fn(&T) -> Markup + Send + Sync + 'static,
    ) -> Self {
        self.fragments.insert(name.into(), typed(fragment));
        self
    }

    /// Looks for every template but the layout in the folder `path` first: `demo/word_count.html`
    /// is the page of an operation, `demo/word_count_result.html` its result,
    /// `demo/word_count_result.txt` the same as plain text, and `demo/word_count_preview.html` the
    /// region `preview`.
    ///
    /// Files are written in the syntax of Jinja, as `minijinja` has it. They can include and extend
    /// others of the folder, and nothing outside of it. A file that is added, changed or taken away
    /// counts from the next time its template is shown: no compiler, no restart.
    ///
    /// | a file for | can name |
    /// |---|---|
    /// | a page | `title`, `container`, `list_url` and `language`, the tag of one, as in [`HostPage`](crate::render::HostPage) |
    /// | a result | the fields of the output, and the output itself as `result` |
    /// | a region | the fields of what is shown, and what is shown itself as `value` |
    ///
    /// A field called `result`, or `value`, is meant before the whole. A name that does not exist is
    /// an error, except in `{% if … %}` and before `|default(…)`.
    ///
    /// Whatever becomes HTML is escaped, `container` excepted, whatever its file is called; plain
    /// text is not.
    ///
    /// A file goes before a function of the same name: so an application can come with functions, and
    /// whoever runs it can put files in their places. A file that is broken is reported to the
    /// application's log with its path, the line and what is wrong, and the function, or else the
    /// plain template, is used.
    ///
    /// `path` is relative to the folder in which the process starts. There has to be such a folder
    /// when [`Builder::build`](crate::runner::Builder::build) is called.
    #[cfg(feature = "minijinja")]
    #[must_use]
    pub fn folder(mut self, path: impl AsRef<std::path::Path>) -> Self {
        self.files = Some(Box::new(folder::Folder::new(path.as_ref())));
        self
    }

    /// The names of all functions but those of fragments, to be held against the operations there
    /// are.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.hosts.keys().chain(self.results.keys()).chain(self.texts.keys());
        names.map(String::as_str)
    }

    /// The names of the functions of fragments.
    pub(crate) fn fragment_names(&self) -> impl Iterator<Item = &str> {
        self.fragments.keys().map(String::as_str)
    }

    /// Checks that the files can be looked for, and gives the folder where they cannot.
    pub(crate) fn check_files(&self) -> Result<(), (PathBuf, io::Error)> {
        match &self.files {
            Some(files) => files.check().map_err(|error| (files.path(""), error)),
            None => Ok(()),
        }
    }

    /// Whether what a template shows can be another thing from one time to the next.
    pub(crate) fn can_change(&self) -> bool {
        self.files.is_some()
    }

    pub(super) fn render_layout(&self, page: &Layout) -> Markup {
        let layout = self.layout.as_ref().and_then(|layout| attempt("layout", || layout(page)));
        layout.unwrap_or_else(|| plain::layout(page))
    }

    pub(super) fn render_host(&self, name: &str, page: &HostPage) -> Markup {
        self.file(name, |files| files.page(name, page))
            .map(PreEscaped)
            .or_else(|| call(&self.hosts, name, page))
            .unwrap_or_else(|| plain::host(page))
    }

    pub(super) fn render_result(&self, name: &str, output: &Value) -> Markup {
        self.file(name, |files| files.html(name, output, "result"))
            .map(PreEscaped)
            .or_else(|| call(&self.results, name, output))
            .unwrap_or_else(|| plain::value(output))
    }

    pub(super) fn render_result_text(&self, name: &str, output: &Value) -> String {
        self.file(name, |files| files.text(name, output, "result"))
            .or_else(|| call(&self.texts, name, output))
            .unwrap_or_else(|| plain::text(output))
    }

    /// What a custom region shows of `value`. That nothing makes HTML of it is a mistake, unlike
    /// with a result: somebody asked for a template by its name.
    pub(crate) fn render_fragment(&self, name: &str, value: &Value) -> Markup {
        self.file(name, |files| files.html(name, value, "value"))
            .map(PreEscaped)
            .or_else(|| call(&self.fragments, name, value))
            .unwrap_or_else(|| {
                let file = self.files.as_ref().map(|files| files.path(name).display().to_string());
                tracing::error!(template = name, file, "a region is shown without its template");
                plain::value(value)
            })
    }

    /// What a file shows; `None` when there is no such file, or it is broken.
    fn file(&self, name: &str, show: impl FnOnce(&dyn Files) -> Shown) -> Option<String> {
        let files = self.files.as_deref()?;
        let shown = attempt(name, || show(files).transpose())?;
        if shown.is_none() {
            tracing::debug!(template = name, file = %files.path(name).display(), "no such file");
        }
        shown
    }
}

/// What the function of that name shows; `None` when there is none, or it fails.
fn call<In, Out>(functions: &Functions<In, Out>, name: &str, argument: &In) -> Option<Out> {
    let function = functions.get(name)?;
    attempt(name, || function(argument))
}

fn typed<T: DeserializeOwned, Out>(
    function: impl Fn(&T) -> Out + Send + Sync + 'static,
) -> Function<Value, Out> {
    Box::new(move |value| T::deserialize(value).map(|value| function(&value)))
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.names())
            .entries(self.fragment_names())
            .entries(&self.files)
            .finish()
    }
}
