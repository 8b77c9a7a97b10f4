//! The space that the files of each owner use.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::UploadError;

/// Time for which a counted usage is valid. Reservations of this process are added to it.
const VALID_FOR: Duration = Duration::from_secs(60);

/// Number of bytes that a file counts at least: a file without content has a name, and takes time to list.
const FILE_BYTES_MIN: u64 = 64 << 10;

/// Number of owners whose usage is remembered.
const REMEMBERED_MAX: usize = 10_000;

/// The usages of all owners.
#[derive(Debug)]
pub(super) struct Usages {
    bytes_max: u64,
    counted: Mutex<HashMap<PathBuf, Usage>>,
}

#[derive(Debug, Clone, Copy)]
struct Usage {
    bytes: u64,
    counted_on: Instant,
}

impl Usages {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { bytes_max, counted: Mutex::default() }
    }

    /// Counts every usage again at its next reservation, because files were deleted.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Usage>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `bytes` to the usage of the owner with this folder.
    ///
    /// # Errors
    ///
    /// Returns an error if the owner would exceed the quota.
    pub(super) fn reserve(&self, folder: &Path, bytes: u64) -> Result<(), UploadError> {
        let known = self.lock().get(folder).copied();
        // Counted without the lock: another owner must not wait for it.
        let counted = match known.filter(|usage| usage.counted_on.elapsed() < VALID_FOR) {
            Some(_) => None,
            None => Some(Usage { bytes: used(folder)?, counted_on: Instant::now() }),
        };
        let mut usages = self.lock();
        if usages.len() >= REMEMBERED_MAX {
            usages.retain(|_, usage| usage.counted_on.elapsed() < VALID_FOR);
        }
        if let Some(counted) = counted {
            usages.insert(folder.to_owned(), counted);
        }
        let Some(usage) = usages.get_mut(folder) else { return Ok(()) };
        let found = usage.bytes.saturating_add(bytes.max(FILE_BYTES_MIN));
        if found > self.bytes_max {
            return Err(UploadError::Quota { found, max: self.bytes_max });
        }
        usage.bytes = found;
        Ok(())
    }
}

/// Returns the size of all files in a folder.
fn used(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0_u64;
    for file in fs::read_dir(folder)? {
        let len = match file?.metadata() {
            // Deleted meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?.len(),
        };
        bytes = bytes.saturating_add(len.max(FILE_BYTES_MIN));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_reservations_count_up_to_the_quota() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), vec![0; 100 << 10]).unwrap();
        fs::write(folder.path().join("empty"), "").unwrap();
        let usages = Usages::new(1 << 20);
        usages.reserve(folder.path(), 500 << 10).unwrap();
        let error = usages.reserve(folder.path(), 400 << 10).unwrap_err();
        let expected = (100 + 64 + 500 + 400) << 10;
        assert!(matches!(error, UploadError::Quota { found, .. } if found == expected), "{error}");
        // A file without content counts too.
        usages.reserve(folder.path(), 300 << 10).unwrap();
        assert!(usages.reserve(folder.path(), 0).is_err());
    }
}
