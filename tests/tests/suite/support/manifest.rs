//! What the manifests say, as cargo reads them.

use std::{path::Path, process::Command, sync::LazyLock};

use serde_json::Value;

use crate::program::output_of;

/// Returns what `cargo` prints in the workspace's root.
///
/// Never with `--offline`: a new machine has fetched only the crates that it compiled, so cargo has to be
/// free to fetch what else it reads.
#[track_caller]
pub(crate) fn cargo(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).arg("--locked").args(words);
    output_of(&mut command).unwrap()
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The answer of `cargo metadata` about this workspace alone, for which cargo reads only the manifests.
static WORKSPACE: LazyLock<Value> = LazyLock::new(|| metadata("--no-deps"));

/// Returns the whole graph of dependencies, of every feature and every platform.
///
/// Cargo fetches the crates of other platforms for this.
pub(crate) fn dependency_graph() -> Value {
    metadata("--all-features")
}

fn metadata(option: &str) -> Value {
    let answer = cargo(&["metadata", "--format-version", "1", option]);
    serde_json::from_str(&answer).unwrap()
}

/// Returns what cargo says of the package `name` of this workspace.
#[track_caller]
pub(crate) fn package(name: &str) -> &'static Value {
    let packages = WORKSPACE["packages"].as_array().unwrap();
    let found = packages.iter().find(|package| package["name"] == name);
    found.unwrap_or_else(|| panic!("no package {name}"))
}

/// The packages that are published.
pub(crate) const PUBLISHED: [&str; 2] = ["liveops", "liveops-derive"];
