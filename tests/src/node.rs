//! Node and its packages, for the tests of liveops.js.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    program::{find_on_path, output_of},
    service::Service,
    workspace::root,
};

const PROGRAM: &str = "LIVEOPS_TEST_NODE";
const MODULES: &str = "LIVEOPS_TEST_NODE_MODULES";

/// Finds node and installs the packages of `tests/js`. They are fetched once for each change of the lock
/// file; otherwise no network is needed.
pub(crate) fn prepare() -> Result<Service, String> {
    let node = find_on_path(&["node", "nodejs"]).ok_or("node was not found")?;
    let npm = find_on_path(&["npm"]).ok_or("npm was not found")?;
    let version = output_of(Command::new(&node).arg("--version"))?;
    let folder = root().join("tests/js");
    if !is_installed(&node, &folder) {
        eprintln!("npm ci in tests/js");
        output_of(Command::new(npm).arg("ci").current_dir(&folder))?;
    }
    let variables = vec![(PROGRAM, text(node)?), (MODULES, text(folder.join("node_modules"))?)];
    Ok(Service::found(format!("node {version}"), variables))
}

fn is_installed(node: &Path, folder: &Path) -> bool {
    output_of(Command::new(node).arg("installed.js").current_dir(folder)).is_ok()
}

fn text(path: PathBuf) -> Result<String, String> {
    path.into_os_string().into_string().map_err(|path| format!("{} is not text", path.display()))
}
