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

/// What is installed: exact versions, with the hashes of their files.
const REQUIREMENTS: &str = "tests/reference-client.txt";

/// The copy of the requirements that says what a folder holds.
const INSTALLED: &str = "installed.txt";

/// The packages of the reference, or the folder with them that the environment names.
///
/// They are fetched once for each change of the requirements; afterwards no network is needed.
pub(crate) fn install() -> Result<Service, String> {
    if let Ok(folder) = env::var(VARIABLE) {
        return Ok(Service::found("the folder of the environment", vec![(VARIABLE, folder)]));
    }
    let requirements = root().join(REQUIREMENTS);
    let folder = target().join("reference-client");
    if !holds(&folder, &requirements)? {
        fetch(&folder, &requirements)?;
    }
    let value = folder.to_str().ok_or("the target folder's path is no text")?.to_owned();
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
    // The copy comes last, so a folder that has it is complete.
    fs::copy(requirements, folder.join(INSTALLED))
        .map(drop)
        .map_err(|error| format!("failed to write to {}: {error}", folder.display()))
}

/// Only wheels, and only those that the requirements name: nothing of them is run.
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
