//! The disk space that the files of each owner use.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::UploadError;

/// Time for which a count is valid.
const VALID_FOR: Duration = Duration::from_secs(60);

/// Minimum number of bytes that a file counts as. Even an empty file has a name, and costs time in a listing.
const FILE_BYTES_MIN: u64 = 64 << 10;

/// Maximum number of owners whose usage is in memory.
const REMEMBERED_MAX: usize = 10_000;

/// The usages of all owners.
#[derive(Debug)]
pub(super) struct Usages {
    bytes_max: u64,
    /// By the folders of the owners.
    owners: Mutex<HashMap<PathBuf, Arc<Mutex<Usage>>>>,
    /// The number of deletions. Counts before the latest one are not valid.
    deletions: AtomicU64,
}

#[derive(Debug, Default)]
struct Usage {
    count: Option<Count>,
    /// The uploads in progress, with the sizes that they may have.
    reserved: u64,
}

#[derive(Debug)]
struct Count {
    /// The size of the files at the time of the count, plus the size of the files kept since then.
    bytes: u64,
    counted_on: Instant,
    deletions: u64,
}

/// The space for an upload in progress. Dropping this value frees the space.
#[derive(Debug)]
pub(super) struct Reservation {
    usage: Arc<Mutex<Usage>>,
    bytes: u64,
}

impl Usages {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { bytes_max, owners: Mutex::default(), deletions: AtomicU64::new(0) }
    }

    /// Counts every usage again at its next reservation, because files were deleted.
    pub(super) fn forget(&self) {
        self.deletions.fetch_add(1, Ordering::Relaxed);
    }

    /// Reserves `bytes` for the owner with this folder.
    ///
    /// # Errors
    ///
    /// Returns an error if the owner would exceed the quota.
    pub(super) fn reserve(&self, folder: &Path, bytes: u64) -> Result<Reservation, UploadError> {
        let bytes = bytes.max(FILE_BYTES_MIN);
        let owner = self.of_owner(folder);
        // Other uploads of this owner wait here for the count, and then include this reservation.
        let mut usage = lock(&owner);
        let deletions = self.deletions.load(Ordering::Relaxed);
        let is_valid =
            |count: &Count| count.deletions == deletions && count.counted_on.elapsed() < VALID_FOR;
        let stored = match usage.count.as_ref().filter(|count| is_valid(count)) {
            Some(count) => count.bytes,
            None => {
                let (counted_on, bytes) = (Instant::now(), used(folder)?);
                usage.count = Some(Count { bytes, counted_on, deletions });
                bytes
            }
        };
        let found = stored.saturating_add(usage.reserved).saturating_add(bytes);
        if found > self.bytes_max {
            return Err(UploadError::Quota { found, max: self.bytes_max });
        }
        usage.reserved += bytes;
        drop(usage);
        Ok(Reservation { usage: owner, bytes })
    }

    fn of_owner(&self, folder: &Path) -> Arc<Mutex<Usage>> {
        let mut owners = lock(&self.owners);
        if owners.len() >= REMEMBERED_MAX {
            // Forgets owners without uploads in progress. Their next upload counts their files again.
            owners.retain(|_, usage| Arc::strong_count(usage) > 1);
        }
        owners.entry(folder.to_owned()).or_default().clone()
    }
}

impl Reservation {
    /// Counts the files of the upload, which is complete. A request may have many small files, or a body of unknown
    /// length, so the reservation says little about them.
    pub(super) fn keep(self, files: &[PathBuf]) {
        let sizes = files.iter().filter_map(|file| fs::metadata(file).ok());
        let bytes: u64 = sizes.map(|size| counted(size.len())).sum();
        if let Some(count) = &mut lock(&self.usage).count {
            count.bytes = count.bytes.saturating_add(bytes);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        lock(&self.usage).reserved -= self.bytes;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every value is consistent after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the size of all files in a folder.
fn used(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0_u64;
    for file in fs::read_dir(folder)? {
        let len = match file?.metadata() {
            // The file was deleted after the listing began.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?.len(),
        };
        bytes = bytes.saturating_add(counted(len));
    }
    Ok(bytes)
}

/// Returns the number of bytes that a file counts.
fn counted(len: u64) -> u64 {
    len.max(FILE_BYTES_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1 << 10;

    #[track_caller]
    fn found(refused: Result<Reservation, UploadError>) -> u64 {
        match refused {
            Err(UploadError::Quota { found, .. }) => found / KIB,
            other => panic!("expected the quota to be exceeded, found {other:?}"),
        }
    }

    #[test]
    fn files_and_reservations_count_up_to_the_quota() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), vec![0; 100 << 10]).unwrap();
        fs::write(folder.path().join("empty"), "").unwrap();
        let usages = Usages::new(1 << 20);
        let _first = usages.reserve(folder.path(), 500 * KIB).unwrap();
        assert_eq!(found(usages.reserve(folder.path(), 400 * KIB)), 100 + 64 + 500 + 400);
        // A file without content counts too.
        let _second = usages.reserve(folder.path(), 300 * KIB).unwrap();
        assert_eq!(found(usages.reserve(folder.path(), 0)), 100 + 64 + 500 + 300 + 64);
    }

    #[test]
    fn an_upload_in_progress_counts_until_it_ends_and_a_kept_one_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let usages = Usages::new(1 << 20);
        let given_up = usages.reserve(folder.path(), 600 * KIB).unwrap();
        // A new count does not see the upload in progress.
        usages.forget();
        assert_eq!(found(usages.reserve(folder.path(), 600 * KIB)), 1_200);
        drop(given_up);
        let file = folder.path().join("a");
        let kept = usages.reserve(folder.path(), 600 * KIB).unwrap();
        fs::write(&file, vec![0; 600 << 10]).unwrap();
        kept.keep(std::slice::from_ref(&file));
        assert_eq!(found(usages.reserve(folder.path(), 600 * KIB)), 1_200);
        fs::remove_file(file).unwrap();
        usages.forget();
        usages.reserve(folder.path(), 600 * KIB).unwrap();
    }

    #[test]
    fn a_kept_upload_counts_its_files_and_not_its_announced_size() {
        let folder = tempfile::tempdir().unwrap();
        let usages = Usages::new(4 << 20);
        // A body of unknown length, with three files without content.
        let kept = usages.reserve(folder.path(), 3 << 20).unwrap();
        let files = ["a", "b", "c"].map(|name| folder.path().join(name));
        for file in &files {
            fs::write(file, "").unwrap();
        }
        kept.keep(&files);
        assert_eq!(found(usages.reserve(folder.path(), 4 << 20)), 3 * 64 + 4_096);
        usages.reserve(folder.path(), 3 << 20).unwrap();
    }

    #[test]
    fn uploads_that_begin_at_the_same_time_share_the_quota() {
        let folder = tempfile::tempdir().unwrap();
        for name in 0..1_000 {
            fs::write(folder.path().join(name.to_string()), "").unwrap();
        }
        let usages = Usages::new((1_000 + 3) * FILE_BYTES_MIN);
        let reservations: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..16).map(|_| scope.spawn(|| usages.reserve(folder.path(), 1).ok())).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(reservations.len(), 3);
    }

    #[test]
    fn owners_with_an_upload_in_progress_are_never_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let usages = Usages::new(1 << 20);
        let _reservation = usages.reserve(folder.path(), 600 * KIB).unwrap();
        for owner in 0..=REMEMBERED_MAX {
            usages.of_owner(&PathBuf::from(owner.to_string()));
        }
        assert!(lock(&usages.owners).len() <= REMEMBERED_MAX);
        assert_eq!(found(usages.reserve(folder.path(), 600 * KIB)), 1_200);
    }
}
