use tempfile::TempDir;

/// A SQLite file of one test's own, removed with it.
#[derive(Debug)]
pub(crate) struct SqliteFile {
    folder: TempDir,
}

impl SqliteFile {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("test.sqlite3").display())
    }
}
