//! The interface of template files, independent of the template engine.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::HostPage;

/// A source of template files.
pub(super) trait Files: fmt::Debug + Send + Sync {
    /// Checks that the source can be read.
    fn check(&self) -> io::Result<()>;

    /// Returns the path of the file for a template.
    fn path(&self, name: &str) -> PathBuf;

    /// Renders the template of a page.
    fn page(&self, name: &str, page: &HostPage) -> Shown;

    /// Renders a template as HTML. The template can use the fields of `value`, and `value` itself as `whole`.
    fn html(&self, name: &str, value: &Value, whole: &str) -> Shown;

    /// Renders a template as plain text, with the names of [`html`](Self::html).
    fn text(&self, name: &str, value: &Value, whole: &str) -> Shown;
}

/// The output of a file; `None` if the file does not exist.
pub(super) type Shown = Option<Result<String, BrokenFile>>;

/// An error in a template file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", location(.file, *.line))]
pub(super) struct BrokenFile {
    pub(super) file: PathBuf,
    pub(super) line: Option<usize>,
    pub(super) problem: String,
}

fn location(file: &Path, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{}:{line}", file.display()),
        None => file.display().to_string(),
    }
}
