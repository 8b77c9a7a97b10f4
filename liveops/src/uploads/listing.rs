//! The stored files, by operation.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::MARKER;
use crate::operation::OperationId;

/// Age from which the marker of a missing operation cannot belong to an upload in progress.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// All files below an upload folder.
#[derive(Debug, Default)]
pub(crate) struct StoredFiles {
    by_operation: BTreeMap<OperationId, FilesOfOperation>,
}

#[derive(Debug, Default)]
struct FilesOfOperation {
    paths: Vec<PathBuf>,
    marker: Option<PathBuf>,
    /// Set if the marker is old.
    is_abandoned: bool,
}

impl StoredFiles {
    /// Lists the files in the folders of all owners. Ignores other files.
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut stored = Self::default();
        let owners = match fs::read_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(stored),
            owners => owners?,
        };
        for owner in owners {
            let owner = owner?;
            if owner.file_type()?.is_dir() {
                for file in fs::read_dir(owner.path())? {
                    stored.add(file?.path());
                }
            }
        }
        Ok(stored)
    }

    fn add(&mut self, path: PathBuf) {
        let Some((id, rest)) = operation_of(&path) else { return };
        let files = self.by_operation.entry(id).or_default();
        if rest.strip_prefix('.') == Some(MARKER) {
            files.is_abandoned = is_old(&path);
            files.marker = Some(path);
        } else {
            files.paths.push(path);
        }
    }

    /// Returns the operations.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        self.by_operation.keys().copied().collect()
    }

    /// Returns the files of an operation, the marker included.
    pub(crate) fn of(&self, id: OperationId) -> Vec<PathBuf> {
        let files = self.by_operation.get(&id);
        files
            .into_iter()
            .flat_map(|files| files.paths.iter().chain(&files.marker))
            .cloned()
            .collect()
    }

    /// Returns the marker of an operation.
    pub(crate) fn marker_of(&self, id: OperationId) -> Option<PathBuf> {
        self.by_operation.get(&id)?.marker.clone()
    }

    /// Returns `true` if the files of an operation that does not exist were uploaded long ago.
    pub(crate) fn is_abandoned(&self, id: OperationId) -> bool {
        self.by_operation.get(&id).is_some_and(|files| files.is_abandoned)
    }
}

/// Returns the operation of a file, and the rest of the name.
fn operation_of(path: &Path) -> Option<(OperationId, &str)> {
    const ID_LEN: usize = 36;
    let (id, rest) = path.file_name()?.to_str()?.split_at_checked(ID_LEN)?;
    Some((id.parse().ok()?, rest))
}

fn is_old(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|on| SystemTime::now().duration_since(on).ok());
    age.is_some_and(|age| age > ABANDONED_AFTER)
}
