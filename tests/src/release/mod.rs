//! The checks besides lints and tests, for every commit or before a release.

mod badges;
mod check;
mod dependencies;
mod docs_rs;
mod features;
mod msrv;
mod package;
mod semver;
mod verdict;

use std::time::Instant;

pub(crate) use check::Check;
use verdict::{Missing, Verdict};

use crate::Failure;

/// Runs one check. Fails also if the check cannot run on this machine.
pub(crate) fn run_one(check: Check) -> Result<(), Failure> {
    run_all(&[check], Missing::Fails)
}

/// Checks the public API for breaking changes since `revision`.
pub(crate) fn compare_with(revision: &str) -> Result<(), Failure> {
    semver::check_since(revision).map(|_| ())
}

/// Runs the checks for every commit. A check that cannot run on this machine is reported.
pub(crate) fn run_every_commit() -> Result<(), Failure> {
    run_all(&Check::EVERY_COMMIT, Missing::IsReported)
}

/// Runs all checks, as required before a release.
pub(crate) fn run_before_release() -> Result<(), Failure> {
    run_all(&Check::ALL, Missing::Fails)
}

/// Runs every check, also after one that failed, and prints the result of each at the end.
fn run_all(checks: &[Check], missing: Missing) -> Result<(), Failure> {
    let mut lines = String::new();
    let mut is_fine = true;
    for check in checks {
        let start = Instant::now();
        let verdict = check.run().unwrap_or_else(|failure| Verdict::Failed(failure.message));
        is_fine &= verdict.is_fine(missing);
        let seconds = start.elapsed().as_secs_f64();
        lines += &format!("  {}: {verdict}, {seconds:.0} s\n", check.name());
    }
    eprint!("\n{lines}");
    if is_fine { Ok(()) } else { Err(Failure::new("not every check passed")) }
}
