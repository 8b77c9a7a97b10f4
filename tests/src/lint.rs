//! `cargo xtask lint`.

use crate::{Failure, book, prose, step::step, workspace::cargo};

/// Checks wording, format, clippy, documentation and book. Stops at the first failure.
pub(crate) fn run() -> Result<(), Failure> {
    prose::check()?;
    step("format", cargo().args(["fmt", "--all", "--check"]))?;
    step(
        "clippy",
        cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    )?;
    step(
        "documentation",
        cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    book::build()
}
