//! The database of a benchmark.

use std::io;

use tempfile::TempDir;

/// The database at a URL, or a temporary SQLite file, which is deleted when the value is dropped.
pub(crate) struct BenchDatabase {
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

impl BenchDatabase {
    /// Returns the database at `url`, or a temporary file without a URL.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder of the file cannot be created.
    pub(crate) fn at(url: Option<&str>) -> io::Result<Self> {
        if let Some(url) = url {
            return Ok(Self { url: url.to_owned(), _folder: None });
        }
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite://{}", folder.path().join("bench.sqlite3").display());
        Ok(Self { url, _folder: Some(folder) })
    }
}
