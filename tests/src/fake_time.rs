//! libfaketime, for tests of clocks.

use std::{env, fs, path::PathBuf};

use crate::service::Service;

const VARIABLE: &str = "LIVEOPS_TEST_FAKETIME";

/// Finds libfaketime, which replaces the system time of a process.
pub(crate) fn find() -> Result<Service, String> {
    if let Ok(path) = env::var(VARIABLE) {
        return Ok(Service::found(path.clone(), vec![(VARIABLE, path)]));
    }
    let library = debian_libraries().into_iter().next().ok_or("libfaketime was not found")?;
    let path = library.display().to_string();
    Ok(Service::found(path.clone(), vec![(VARIABLE, path)]))
}

/// Returns `/usr/lib/<architecture>/faketime/libfaketimeMT.so.1`, the version for programs with threads.
fn debian_libraries() -> Vec<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    libraries.filter(|library| library.is_file()).collect()
}
