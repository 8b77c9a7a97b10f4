//! The files that operations may read, and the check of their paths.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// The files that operations may read: uploads and samples.
///
/// A user can submit any path. A path is accepted only if it leads into one of these folders after all links
/// and dots are resolved.
#[derive(Debug, Clone)]
pub struct Library {
    uploads: PathBuf,
    samples: PathBuf,
}

/// The files that a user may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Uploads and samples.
    Shared,
    /// Every file that this process can read.
    Any,
}

/// An error for a file that cannot be read, with a message for the user who named the file.
///
/// A missing file and a forbidden file give the same answer. Otherwise any user could find out which files
/// the server has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The file does not exist, or the user may not read it.
    #[error("There is no file `{name}` among the uploads and samples.")]
    NotInLibrary {
        /// The name that the user gave.
        name: String,
    },
    /// The file cannot be opened; for users who may read every file.
    #[error("The file `{name}` cannot be opened: {reason}.")]
    CannotOpen {
        /// The name that the user gave.
        name: String,
        /// The error of the system.
        reason: String,
    },
    /// A folder, a pipe or a device.
    #[error("`{name}` is not a file.")]
    NotAFile {
        /// The name that the user gave.
        name: String,
    },
}

impl Library {
    /// Creates the library. Files are uploaded to `uploads`, which need not exist yet; `samples` come with
    /// the demo.
    pub fn new(uploads: impl Into<PathBuf>, samples: impl Into<PathBuf>) -> Self {
        Self { uploads: uploads.into(), samples: samples.into() }
    }

    /// Opens the file at a path, or the sample of that name.
    ///
    /// # Errors
    ///
    /// Returns [`OpenError`], whose message may be shown to the user who named the file.
    pub fn open(&self, path: &Path, access: Access) -> Result<File, OpenError> {
        let name = || path.display().to_string();
        let found = self.find(path);
        let path = match found {
            Ok(path) if access == Access::Any || self.holds(&path) => path,
            Err(error) if access == Access::Any => return Err(cannot_open(name(), &error)),
            Ok(_) | Err(_) => return Err(OpenError::NotInLibrary { name: name() }),
        };
        // Opening a pipe would block until a writer opens it.
        if !path.is_file() {
            return Err(OpenError::NotAFile { name: name() });
        }
        File::open(&path).map_err(|error| cannot_open(name(), &error))
    }

    /// Resolves a path, or else the name of a sample. The name may follow the working directory of the command, because
    /// `run` stores absolute paths.
    fn find(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path).or_else(|error| {
            let name = path.file_name().filter(|name| path.is_absolute() || path == *name);
            let sample = name.and_then(|name| fs::canonicalize(self.samples.join(name)).ok());
            sample.ok_or(error)
        })
    }

    fn holds(&self, path: &Path) -> bool {
        [&self.uploads, &self.samples]
            .into_iter()
            .any(|folder| fs::canonicalize(folder).is_ok_and(|folder| path.starts_with(folder)))
    }
}

fn cannot_open(name: String, error: &io::Error) -> OpenError {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "there is none".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    };
    OpenError::CannotOpen { name, reason }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    struct Folders {
        root: tempfile::TempDir,
        library: Library,
    }

    impl Folders {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            for folder in ["uploads", "samples", "elsewhere"] {
                fs::create_dir(root.path().join(folder)).unwrap();
                fs::write(root.path().join(folder).join("a.csv"), folder).unwrap();
            }
            let library = Library::new(root.path().join("uploads"), root.path().join("samples"));
            Self { root, library }
        }

        fn open(&self, path: impl AsRef<Path>, access: Access) -> Result<String, OpenError> {
            let mut text = String::new();
            self.library.open(path.as_ref(), access)?.read_to_string(&mut text).unwrap();
            Ok(text)
        }

        fn path(&self, path: &str) -> PathBuf {
            self.root.path().join(path)
        }
    }

    #[test]
    fn uploads_and_samples_are_open_to_everybody() {
        let folders = Folders::new();
        assert_eq!(folders.open(folders.path("uploads/a.csv"), Access::Shared).unwrap(), "uploads");
        assert_eq!(folders.open("a.csv", Access::Shared).unwrap(), "samples");
    }

    #[test]
    fn nothing_else_is_and_nobody_learns_what_is_there() {
        let folders = Folders::new();
        let link = folders.path("uploads/link.csv");
        #[cfg(unix)]
        std::os::unix::fs::symlink(folders.path("elsewhere/a.csv"), &link).unwrap();
        for path in [
            folders.path("elsewhere/a.csv"),
            folders.path("uploads/../elsewhere/a.csv"),
            folders.path("elsewhere/missing.csv"),
            folders.path("uploads/missing.csv"),
            PathBuf::from("../elsewhere/a.csv"),
            PathBuf::from(""),
            link,
        ] {
            let error = folders.open(&path, Access::Shared).unwrap_err();
            assert!(
                matches!(error, OpenError::NotInLibrary { .. } | OpenError::NotAFile { .. }),
                "{path:?}: {error}"
            );
        }
    }

    #[test]
    fn any_access_reads_everything_and_says_why_it_cannot() {
        let folders = Folders::new();
        let path = folders.path("elsewhere/a.csv");
        assert_eq!(folders.open(path, Access::Any).unwrap(), "elsewhere");
        let error = folders.open("/no/such/file.csv", Access::Any).unwrap_err().to_string();
        assert_eq!(error, "The file `/no/such/file.csv` cannot be opened: there is none.");
        let error = folders.open(folders.path("uploads"), Access::Any).unwrap_err();
        assert!(matches!(error, OpenError::NotAFile { .. }));
    }

    #[test]
    fn an_upload_folder_that_does_not_exist_yet_holds_nothing() {
        let folders = Folders::new();
        let library = Library::new(folders.path("later"), folders.path("samples"));
        assert!(library.open(&folders.path("uploads/a.csv"), Access::Shared).is_err());
        assert!(library.open(Path::new("a.csv"), Access::Shared).is_ok());
    }
}
