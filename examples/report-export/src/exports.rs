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
/// A file belongs to one attempt of one operation, and is named after them: so an attempt that was given up
/// for lost, and goes on all the same, never puts its file in the place of the one that counts.
#[derive(Debug, Clone)]
pub struct Exports {
    folder: Arc<Path>,
}

impl Exports {
    /// Those in `folder`, which need not exist yet.
    ///
    /// # Errors
    ///
    /// When there can be no such folder.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.into() })
    }

    fn path(&self, operation: OperationId, attempt: Attempt) -> PathBuf {
        self.folder.join(format!("{operation}.{attempt}.csv"))
    }

    /// An empty file to write to, without a name that anybody looks for. It is gone when its path is
    /// dropped, whatever the reason, unless it was published.
    pub(crate) async fn draft(&self) -> io::Result<(File, TempPath)> {
        let folder = self.folder.clone();
        let draft = spawn_blocking(move || NamedTempFile::new_in(folder)).await??;
        let (file, path) = draft.into_parts();
        Ok((File::from_std(file), path))
    }

    /// Gives a draft its name, all at once, when it is on the disk; gives its size in bytes.
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

    /// Deletes what the attempts before this one made.
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

    /// The file of an attempt; `None` when there is none any more.
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

    /// Deletes what was last written to longer ago than `age`: also drafts of a process that was killed, and
    /// what an attempt left that did not count.
    pub(crate) async fn delete_older_than(&self, age: Duration) -> io::Result<()> {
        let mut files = fs::read_dir(&self.folder).await?;
        while let Some(file) = files.next_entry().await? {
            let written_on = file.metadata().await?.modified()?;
            // A clock that was put back makes no file old.
            if written_on.elapsed().is_ok_and(|elapsed| elapsed > age) {
                fs::remove_file(file.path()).await?;
            }
        }
        Ok(())
    }
}
