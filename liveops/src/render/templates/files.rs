use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::HostPage;

/// Templates that are files.
pub(super) trait Files: fmt::Debug + Send + Sync {
    /// Checks that files can be looked for.
    fn check(&self) -> io::Result<()>;

    /// The file that a template is looked for in.
    fn path(&self, name: &str) -> PathBuf;

    /// What the template of a page shows.
    fn page(&self, name: &str, page: &HostPage) -> Shown;

    /// What a template shows of `value`, whose fields it can name, and `value` itself as `whole`.
    fn html(&self, name: &str, value: &Value, whole: &str) -> Shown;

    /// The same as plain text.
    fn text(&self, name: &str, value: &Value, whole: &str) -> Shown;
}

/// What a file shows; `None` when there is no such file.
pub(super) type Shown = Option<Result<String, BrokenFile>>;

/// A file that shows nothing of what it is given.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", place(.file, *.line))]
pub(super) struct BrokenFile {
    pub(super) file: PathBuf,
    pub(super) line: Option<usize>,
    pub(super) problem: String,
}

fn place(file: &Path, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{}:{line}", file.display()),
        None => file.display().to_string(),
    }
}
