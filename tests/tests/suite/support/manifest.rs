//! What the manifests say, as cargo reads them.

use std::{path::Path, process::Command, sync::LazyLock};

use serde_json::Value;

use crate::program::output_of;

/// What `cargo` prints in the workspace's root, without asking the registry anything.
#[track_caller]
pub(crate) fn cargo(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).arg("--offline").args(words);
    output_of(&mut command).unwrap()
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The answer of `cargo metadata`, with everything that features bring.
pub(crate) static METADATA: LazyLock<Value> = LazyLock::new(|| {
    let answer = cargo(&["metadata", "--format-version", "1", "--locked", "--all-features"]);
    serde_json::from_str(&answer).unwrap()
});

/// What [`METADATA`] says of the package `name` of this workspace.
#[track_caller]
pub(crate) fn package(name: &str) -> &'static Value {
    let packages = METADATA["packages"].as_array().unwrap();
    let own = |package: &&Value| package["source"].is_null() && package["name"] == name;
    packages.iter().find(own).unwrap_or_else(|| panic!("no package {name}"))
}

/// The packages that are published.
pub(crate) const PUBLISHED: [&str; 2] = ["liveops", "liveops-derive"];
