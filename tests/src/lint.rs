use std::{process::Command, time::Instant};

use crate::{Failure, workspace::cargo};

/// Everything that can be said of the sources without running them; stops at the first complaint.
pub(crate) fn run() -> Result<(), Failure> {
    check("format", cargo().args(["fmt", "--all", "--check"]))?;
    check(
        "clippy",
        cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    )?;
    check(
        "documentation",
        cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn check(name: &str, command: &mut Command) -> Result<(), Failure> {
    let start = Instant::now();
    eprintln!("lint: {name}");
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("failed to start cargo for {name}: {error}")))?;
    if !status.success() {
        return Err(Failure::new(format!("{name} has complaints")));
    }
    eprintln!("lint: {name} is clean, {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
