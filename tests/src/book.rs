//! `cargo xtask book`: the guides as a book.

use crate::{
    Failure,
    step::step,
    workspace::{cargo, target},
};

/// Builds the book of the guides, after the documentation that it links to.
pub(crate) fn run() -> Result<(), Failure> {
    let documentation = ["doc", "-p", "liveops", "--no-deps", "--all-features"];
    step("documentation", cargo().args(documentation))?;
    build()?;
    eprintln!("{}", target().join("book/index.html").display());
    Ok(())
}

/// Builds the book, and fails on broken links. The documentation must exist.
pub(crate) fn build() -> Result<(), Failure> {
    let mut build = cargo();
    build.args(["run", "--quiet", "-p", "liveops-book", "--"]);
    step("book", build.args([target().join("book"), target().join("doc")]))
}
