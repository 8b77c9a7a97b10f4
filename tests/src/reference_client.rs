//! The client of django-liveops, for the browser tests.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    program::{find_on_path, output_of},
    service::Service,
    workspace::{root, target},
};

const VARIABLE: &str = "LIVEOPS_TEST_REFERENCE_CLIENT";

/// The packages to install: exact versions, with the hashes of their files.
const REQUIREMENTS: &str = "tests/reference-client.txt";

/// The copy of the requirements in the folder of the installed packages.
const INSTALLED: &str = "installed.txt";

/// Installs the packages, unless the environment names a folder that contains them.
///
/// The packages are fetched once for each change of the requirements; otherwise no network is needed.
pub(crate) fn install() -> Result<Service, String> {
    if let Ok(folder) = env::var(VARIABLE) {
        return Ok(Service::found("the folder of the environment", vec![(VARIABLE, folder)]));
    }
    let requirements = root().join(REQUIREMENTS);
    let folder = target().join("reference-client");
    if !holds(&folder, &requirements)? {
        fetch(&folder, &requirements)?;
    }
    let value =
        folder.to_str().ok_or("the path of the target folder is not valid UTF-8")?.to_owned();
    Ok(Service::found(value.clone(), vec![(VARIABLE, value)]))
}

fn holds(folder: &Path, requirements: &Path) -> Result<bool, String> {
    let wanted = fs::read(requirements)
        .map_err(|error| format!("failed to read {}: {error}", requirements.display()))?;
    Ok(fs::read(folder.join(INSTALLED)).is_ok_and(|installed| installed == wanted))
}

fn fetch(folder: &Path, requirements: &Path) -> Result<(), String> {
    let python = find_on_path(&["python3"]).ok_or("python3 was not found")?;
    if folder.exists() {
        fs::remove_dir_all(folder)
            .map_err(|error| format!("failed to remove {}: {error}", folder.display()))?;
    }
    output_of(&mut pip_install(&python, folder, requirements))?;
    // Copied last, so a folder with the copy is complete.
    fs::copy(requirements, folder.join(INSTALLED))
        .map(drop)
        .map_err(|error| format!("failed to write to {}: {error}", folder.display()))
}

/// Returns the install command: only the named packages, and only wheels, so that no code of them runs.
fn pip_install(python: &PathBuf, folder: &Path, requirements: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-compile"])
        .args(["--retries", "1", "--timeout", "20"])
        .arg("--target")
        .arg(folder)
        .arg("--requirement")
        .arg(requirements);
    command
}
