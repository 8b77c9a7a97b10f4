//! Private folders and files: creation, and the check of owner and mode.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// An upload folder that another user could change or read.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected the upload folder `{}` to be {expected}, found {found}; {advice}, or set another folder with \
     `Config::upload_dir`",
    folder.display()
)]
pub(crate) struct FolderError {
    folder: PathBuf,
    expected: &'static str,
    found: String,
    advice: &'static str,
}

/// Creates a folder, and all missing parents, with access only for the user of this process. Does nothing if the folder
/// exists.
pub(super) fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Creates a temporary folder with access only for the user of this process.
pub(super) fn temporary() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("liveops-uploads-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

/// Creates a file with access only for the user of this process.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Checks that the folder belongs to the user of this process, and that no other user may enter it or replace it
/// through a folder above it. `folder` must be absolute, without links.
#[cfg(unix)]
pub(super) fn check_private(folder: &Path) -> Result<(), super::UploadError> {
    use std::os::unix::fs::MetadataExt;

    /// Others may write.
    const WRITABLE: u32 = 0o002;
    /// Only the owner of a file may delete or rename it.
    const STICKY: u32 = 0o1000;

    let error =
        |expected, found, advice| FolderError { folder: folder.into(), expected, found, advice };
    let metadata = fs::metadata(folder)?;
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        let found = format!("the user {}", metadata.uid());
        let advice = "change its owner to the user of this process";
        return Err(error("owned by the user of this process", found, advice).into());
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        let found = format!("mode {mode:04o}");
        return Err(error("private, mode 0700", found, "run `chmod 700` on it").into());
    }
    for above in folder.ancestors().skip(1) {
        let mode = fs::metadata(above)?.mode();
        if mode & WRITABLE != 0 && mode & STICKY == 0 {
            let found = format!("`{}` with mode {:04o}", above.display(), mode & 0o7777);
            let expected = "below folders that others cannot write to";
            return Err(error(expected, found, "change that mode").into());
        }
    }
    Ok(())
}

/// Checks nothing: other systems have other permissions, which a new folder inherits.
#[cfg(not(unix))]
pub(super) fn check_private(_: &Path) -> Result<(), super::UploadError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn checked(folder: &Path) -> Result<(), String> {
        let folder = fs::canonicalize(folder).expect("the folder exists");
        check_private(&folder).map_err(|error| error.to_string())
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
    }

    #[test]
    fn a_new_folder_and_a_new_file_are_private() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        create_private(&folder).unwrap();
        assert_eq!(checked(&folder), Ok(()));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&root.path().join("a")), mode(&folder)), (0o700, 0o700));
        let file = folder.join("c");
        create_file(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
        assert!(create_file(&file).is_err(), "an existing file is not written");
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let root = tempfile::tempdir().unwrap();
        for mode in [0o755, 0o770, 0o701, 0o777] {
            set_mode(root.path(), mode);
            let error = checked(root.path()).unwrap_err();
            let expected =
                format!("to be private, mode 0700, found mode {mode:04o}; run `chmod 700` on it");
            assert!(error.contains(&expected), "{error}");
        }
    }

    #[test]
    fn a_folder_that_somebody_can_replace_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("open/uploads");
        create_private(&folder).unwrap();
        set_mode(&root.path().join("open"), 0o777);
        let error = checked(&folder).unwrap_err();
        assert!(error.contains("below folders that others cannot write to"), "{error}");
        // As in `/tmp`, where only the owner of a folder may rename it.
        set_mode(&root.path().join("open"), 0o1777);
        assert_eq!(checked(&folder), Ok(()));
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        let root = tempfile::tempdir().unwrap();
        set_mode(root.path(), 0o700);
        // Only root can change the owner of a folder. For any other user, the root folder belongs to another user.
        let others = match std::os::unix::fs::chown(root.path(), Some(65_534), None) {
            Ok(()) => root.path(),
            Err(_) => Path::new("/"),
        };
        let error = checked(others).unwrap_err();
        assert!(error.contains("owned by the user of this process, found the user"), "{error}");
    }
}
