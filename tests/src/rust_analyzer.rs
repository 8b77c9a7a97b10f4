//! rust-analyzer, for the tests of completion.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    program::{all_on_path, output_of},
    service::Service,
};

const VARIABLE: &str = "LIVEOPS_TEST_RUST_ANALYZER";

/// Finds a rust-analyzer that prints its version. The program that rustup puts on `PATH` also exists without
/// the component, and then only prints an error.
pub(crate) fn find() -> Result<Service, String> {
    let candidates = match env::var_os(VARIABLE) {
        Some(given) => vec![PathBuf::from(given)],
        None => all_on_path("rust-analyzer"),
    };
    let found = candidates.iter().find_map(|program| Some((program.to_str()?, version(program)?)));
    let (program, version) = found.ok_or("no rust-analyzer that works was found")?;
    Ok(Service::found(version, vec![(VARIABLE, program.to_owned())]))
}

fn version(program: &Path) -> Option<String> {
    output_of(Command::new(program).arg("--version")).ok()
}
