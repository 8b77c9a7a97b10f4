use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::PathBuf,
    process::Command,
};

use tempfile::TempDir;

/// Runs one of the tests that are ignored where it may mount disks, which nobody else sees and that
/// go with it: as the administrator, or as whoever is one in a namespace of users.
#[track_caller]
pub(crate) fn run_where_disks_can_be_mounted(test: &str) {
    let is_possible = |options: &&str| {
        let status = Command::new("unshare")
            .args([options, "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
            .output();
        status.is_ok_and(|output| output.status.success())
    };
    let namespaces = ["-m", "-Urm"].iter().find(|options| is_possible(options));
    let namespaces = namespaces.expect("no disk can be mounted, not even in a namespace of users");
    let status = Command::new("unshare")
        .arg(namespaces)
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture"])
        .status()
        .unwrap();
    assert!(status.success(), "`{test}` ended with {status}");
}

/// A very small disk of one test's own.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    pub(crate) fn mount(kilobytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={kilobytes}k");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .status();
        assert!(mount.unwrap().success(), "only `run_where_disks_can_be_mounted` runs this");
        Self { folder }
    }

    pub(crate) fn database_url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("test.sqlite3").display())
    }

    /// Fills all that is left of the disk.
    pub(crate) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        loop {
            match ballast.write(&[0; 1 << 10]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Gives back what was filled.
    pub(crate) fn free(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What is in use goes with the namespace.
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}
