//! The guides in `docs/` as a book: mdBook builds it, every link in it is followed, and every block of
//! Rust in it is a documentation test of this package.
//!
//! Knows no guide but by its name in [`CHAPTERS`]; what a guide says is the guide's to know.

mod chapters;
mod page;
mod site;

use std::path::{Path, PathBuf};

use mdbook_driver::{MDBook, errors::Result};

pub use chapters::CHAPTERS;
pub use site::{DeadLink, Site};

/// The folder of the guides.
pub fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// Builds the book into the folder `into`, in the place of what was there.
///
/// # Errors
///
/// When a chapter of the summary is not there, and when a file cannot be read or written.
pub fn build(into: &Path) -> Result<Site> {
    let mut book = MDBook::load(docs())?;
    book.config.build.build_dir = into.to_owned();
    book.build()?;
    Ok(Site::at(into))
}
