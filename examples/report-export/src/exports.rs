//! The folder of the exported files.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use liveops::{Attempt, OperationId};
use tempfile::{NamedTempFile, TempPath};
use tokio::{
    fs::{self, File},
    task::spawn_blocking,
};

/// The folder of the exports. Cheap to clone.
///
/// Each file belongs to one attempt of one operation, and is named after both. An attempt that lost its lease
/// and continues therefore never replaces the file of the current attempt.
#[derive(Debug, Clone)]
pub struct Exports {
    folder: Arc<Path>,
}

impl Exports {
    /// Opens the exports in `folder`, and creates the folder if necessary.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be created.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.into() })
    }

    fn path(&self, operation: OperationId, attempt: Attempt) -> PathBuf {
        self.folder.join(format!("{operation}.{attempt}.csv"))
    }

    /// Creates an empty file under a temporary name. Dropping its path deletes the file unless it was
    /// published.
    pub(crate) async fn draft(&self) -> io::Result<(File, TempPath)> {
        let folder = self.folder.clone();
        let draft = spawn_blocking(move || NamedTempFile::new_in(folder)).await??;
        let (file, path) = draft.into_parts();
        Ok((File::from_std(file), path))
    }

    /// Flushes a draft to the disk and then renames it atomically. Returns its size in bytes.
    pub(crate) async fn publish(
        &self,
        (file, draft): (File, TempPath),
        operation: OperationId,
        attempt: Attempt,
    ) -> io::Result<u64> {
        file.sync_all().await?;
        let bytes = file.metadata().await?.len();
        let path = self.path(operation, attempt);
        spawn_blocking(move || draft.persist(path)).await??;
        Ok(bytes)
    }

    /// Deletes the files of earlier attempts.
    pub(crate) async fn delete_before(
        &self,
        operation: OperationId,
        Attempt(attempt): Attempt,
    ) -> io::Result<()> {
        for earlier in 1..attempt {
            match fs::remove_file(self.path(operation, Attempt(earlier))).await {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Opens the file of an attempt; `None` if it does not exist.
    pub(crate) async fn open(
        &self,
        operation: OperationId,
        attempt: Attempt,
    ) -> io::Result<Option<File>> {
        match File::open(self.path(operation, attempt)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            file => file.map(Some),
        }
    }

    /// Deletes files that were last written longer ago than `age`, including drafts of killed processes and
    /// files of replaced attempts.
    pub(crate) async fn delete_older_than(&self, age: Duration) -> io::Result<()> {
        let mut files = fs::read_dir(&self.folder).await?;
        while let Some(file) = files.next_entry().await? {
            let written_on = file.metadata().await?.modified()?;
            // After the clock was set back, no file counts as old.
            if written_on.elapsed().is_ok_and(|elapsed| elapsed > age) {
                fs::remove_file(file.path()).await?;
            }
        }
        Ok(())
    }
}
