//! The folder with the uploaded files of operations: private to the user of the process, with a quota for each owner.
//!
//! Each owner has a folder, and the name of a file begins with the ID of its operation. As long as the database has not
//! confirmed the operation, a marker file is beside its files. The module does not use the database: the caller reports
//! which operations exist.

mod folder;
mod listing;
mod usage;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{runtime::Handle, task::spawn_blocking};

use self::usage::{Reservation, Usages};
use crate::operation::{OperationId, UserId};

pub(crate) use self::{folder::FolderError, listing::StoredFiles};

/// The extension of a marker.
const MARKER: &str = "unconfirmed";

/// Number of random bytes in the name of a file, so that nobody can guess the name.
const RANDOM_BYTES: usize = 16;

/// The default name of the folder, in the working directory, for a database that is no file.
const DEFAULT_NAME: &str = "liveops-uploads";

/// The folder with the uploaded files of an application.
#[derive(Debug)]
pub(crate) struct UploadFolder {
    location: Location,
    usages: Usages,
}

#[derive(Debug)]
enum Location {
    At(PathBuf),
    /// A new temporary folder, which is deleted at the end, because no other process can read the rows of a database in
    /// memory.
    Temporary(OnceLock<TempDir>),
}

/// An error of the folder.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("the files of the owner would have {found} bytes; at most {max} are allowed")]
    Quota { found: u64, max: u64 },
    #[error("could not write an uploaded file")]
    Io(#[from] io::Error),
}

impl UploadFolder {
    /// Describes the folder without creating it. `dir` is the configured folder. The default is a folder beside the
    /// file of the database, if it has one, and a temporary folder for a database in memory.
    pub(crate) fn new(
        dir: Option<&Path>,
        database_file: Option<&Path>,
        is_in_memory: bool,
        bytes_per_owner_max: u64,
    ) -> Self {
        let location = match (dir, database_file) {
            (Some(dir), _) => Location::At(dir.to_owned()),
            (None, Some(file)) => {
                let mut name = file.as_os_str().to_owned();
                name.push("-uploads");
                Location::At(name.into())
            }
            (None, None) if is_in_memory => Location::Temporary(Default::default()),
            (None, None) => Location::At(DEFAULT_NAME.into()),
        };
        Self { location, usages: Usages::new(bytes_per_owner_max) }
    }

    /// Prepares to save files of a new operation, which together have at most `bytes` bytes.
    ///
    /// # Errors
    ///
    /// Returns an error if the files exceed the quota of the owner, and if the folder cannot be created, belongs to
    /// another user or is not private.
    pub(crate) async fn open(
        self: &Arc<Self>,
        id: OperationId,
        owner: &UserId,
        bytes: u64,
    ) -> Result<NewFiles, UploadError> {
        let (folder, owner) = (self.clone(), owner_name(owner));
        blocking(move || {
            let dir = folder.checked_root()?.join(owner);
            folder::create_private(&dir)?;
            let reservation = folder.usages.reserve(&dir, bytes)?;
            let marker = dir.join(format!("{id}.{MARKER}"));
            folder::create_file(&marker)?;
            let files = KeptFiles { id, marker, paths: Vec::new(), reservation };
            Ok(NewFiles { dir, files: Some(files) })
        })
        .await
    }

    /// Returns the path of the folder. Checks that no other user can change its files.
    fn checked_root(&self) -> Result<PathBuf, UploadError> {
        let root = self.root()?;
        folder::create_private(&root)?;
        // Resolves links, so that no other user can change a link after the check.
        let root = fs::canonicalize(root)?;
        folder::check_private(&root)?;
        Ok(root)
    }

    /// Returns the path of the folder. Creates a temporary one.
    fn root(&self) -> io::Result<PathBuf> {
        match &self.location {
            Location::At(path) => std::path::absolute(path),
            Location::Temporary(created) => match created.get() {
                Some(folder) => Ok(folder.path().to_owned()),
                None => {
                    let new = folder::temporary()?;
                    Ok(created.get_or_init(|| new).path().to_owned())
                }
            },
        }
    }

    /// Deletes stored files.
    pub(crate) async fn delete(&self, paths: Vec<PathBuf>) {
        if !paths.is_empty() {
            in_background(move || delete(&paths)).await;
            self.usages.forget();
        }
    }

    /// Returns all stored files. A folder that does not exist is empty.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be read.
    pub(crate) async fn stored(self: &Arc<Self>) -> Result<StoredFiles, UploadError> {
        if matches!(&self.location, Location::Temporary(created) if created.get().is_none()) {
            return Ok(StoredFiles::default());
        }
        let folder = self.clone();
        blocking(move || Ok(StoredFiles::read(&folder.root()?)?)).await
    }
}

/// The files of an operation that is not enqueued. Dropping this value deletes them, unless they are kept.
#[derive(Debug)]
pub(crate) struct NewFiles {
    dir: PathBuf,
    /// `None` when the files are kept.
    files: Option<KeptFiles>,
}

impl NewFiles {
    /// Creates an empty file with this extension, such as `.csv`. Takes `self` by value: if the request is dropped, the
    /// files are deleted only after the creation of this file has ended.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be created. All files are then deleted.
    pub(crate) async fn create(
        mut self,
        extension: String,
    ) -> Result<(Self, File, PathBuf), UploadError> {
        blocking(move || {
            let Some(files) = &mut self.files else { unreachable!("kept files have no new ones") };
            let mut random = [0; RANDOM_BYTES];
            getrandom::fill(&mut random).map_err(io::Error::other)?;
            let random = u128::from_be_bytes(random);
            let path = self.dir.join(format!("{}-{random:032x}{extension}", files.id));
            let file = folder::create_file(&path)?;
            files.paths.push(path.clone());
            Ok((self, file, path))
        })
        .await
    }

    /// Keeps the files on disk, because an operation will own them. The files and the marker stay even if this process
    /// dies while it enqueues the operation.
    pub(crate) fn keep(mut self) -> Option<KeptFiles> {
        self.files.take()
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        let Some(files) = self.files.take() else { return };
        // Deletes on another thread, because this thread executes other requests.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || files.delete_now())),
            Err(_) => files.delete_now(),
        }
    }
}

/// The files of an operation whose enqueue has begun. Dropping this value leaves the files on disk.
#[derive(Debug)]
pub(crate) struct KeptFiles {
    id: OperationId,
    marker: PathBuf,
    paths: Vec<PathBuf>,
    reservation: Reservation,
}

impl KeptFiles {
    /// Records that the operation exists.
    pub(crate) async fn confirm(self) {
        in_background(move || {
            delete(&[self.marker]);
            self.reservation.keep(&self.paths);
        })
        .await;
    }

    /// Deletes the files, because they belong to no operation.
    pub(crate) async fn delete(self) {
        in_background(move || self.delete_now()).await;
    }

    fn delete_now(self) {
        delete(&self.paths);
        delete(&[self.marker]);
    }

    /// Logs the files that stay because the database did not confirm or deny that their operation exists. The marker
    /// stays too, and [`LiveOps::prune`](crate::LiveOps::prune) asks the database again.
    pub(crate) async fn leave(self) {
        let (id, files) = (self.id, self.paths.len());
        tracing::warn!(
            %id,
            files,
            "could not find out if the operation of uploaded files exists; keeping the files; `prune` deletes them \
             later if the operation does not exist"
        );
        in_background(move || self.reservation.keep(&self.paths)).await;
    }
}

/// Executes work with files on a thread for blocking work.
async fn in_background(work: impl FnOnce() + Send + 'static) {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| tracing::error!(%error, "the work with uploaded files panicked"));
}

fn delete(paths: &[PathBuf]) {
    for path in paths {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let path = path.display();
                tracing::warn!(%error, %path, "could not delete an uploaded file; delete the file manually");
            }
            Ok(()) | Err(_) => {}
        }
    }
}

/// Returns the name of an owner's folder. An owner's ID may have any characters.
fn owner_name(owner: &UserId) -> String {
    let hash = Sha256::digest(owner.as_str());
    hash[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, UploadError> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Future, poll_fn},
        pin::pin,
        sync::mpsc,
        task::Poll,
    };

    use super::*;

    #[test]
    fn a_file_whose_request_ends_before_its_creation_is_deleted() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("uploads");
        let folder = Arc::new(UploadFolder::new(Some(&dir), None, false, u64::MAX));
        let owner = UserId::from("ann");
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.max_blocking_threads(1).build().unwrap().block_on(async {
            let files = folder.open(OperationId::new(), &owner, 1).await.unwrap();
            // Another task occupies the only thread for files.
            let (release, released) = mpsc::channel::<()>();
            spawn_blocking(move || released.recv());
            {
                let mut created = pin!(files.create(".csv".to_owned()));
                let polled = poll_fn(|cx| Poll::Ready(created.as_mut().poll(cx))).await;
                assert!(polled.is_pending());
            }
            drop(release);
            // The thread creates the file. The drop of the new file then starts the deletion on this thread.
            for _ in 0..2 {
                spawn_blocking(|| {}).await.unwrap();
            }
            assert_eq!(fs::read_dir(dir.join(owner_name(&owner))).unwrap().count(), 0);
        });
    }
}
