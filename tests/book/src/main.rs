//! `cargo xtask book`: builds the book and says which of its links are dead.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use liveops_book::build;
use mdbook_driver::errors::{Error, Result};

const USAGE: &str = "usage: liveops-book <folder to build into> <folder with the documentation>";

fn main() -> ExitCode {
    let folders: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [into, api] = &*folders else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match dead_links(into, api) {
        Ok(complaints) if complaints.is_empty() => ExitCode::SUCCESS,
        Ok(complaints) => {
            complaints.iter().for_each(|complaint| eprintln!("{complaint}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dead_links(into: &Path, api: &Path) -> Result<Vec<String>> {
    let site = build(into)?.with_api(api);
    let dead = site.dead_links().map_err(Error::from)?;
    Ok(dead.iter().map(ToString::to_string).collect())
}
