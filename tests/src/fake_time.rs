use std::{env, fs, path::PathBuf};

use crate::service::Service;

const VARIABLE: &str = "LIVEOPS_TEST_FAKETIME";

/// libfaketime, which tells a process what time it is.
pub(crate) fn find() -> Result<Service, String> {
    if let Ok(path) = env::var(VARIABLE) {
        return Ok(Service::found(path.clone(), vec![(VARIABLE, path)]));
    }
    let library = debian_libraries().into_iter().next().ok_or("libfaketime was not found")?;
    let path = library.display().to_string();
    Ok(Service::found(path.clone(), vec![(VARIABLE, path)]))
}

/// `/usr/lib/<architecture>/faketime/libfaketimeMT.so.1`, the one for programs with threads.
fn debian_libraries() -> Vec<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    libraries.filter(|library| library.is_file()).collect()
}
