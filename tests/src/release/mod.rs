//! What has to hold before liveops is published, beside the lints and the tests.

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

/// One check by itself: what it complains of is a failure, and so is that it cannot run here.
pub(crate) fn run_one(check: Check) -> Result<(), Failure> {
    run_all(&[check], Missing::Fails)
}

/// What `revision` promised, and whether it still holds.
pub(crate) fn compare_with(revision: &str) -> Result<(), Failure> {
    semver::check_since(revision).map(|_| ())
}

/// What is checked of every commit. What a machine lacks for one of them is said, loudly.
pub(crate) fn run_every_commit() -> Result<(), Failure> {
    run_all(&Check::EVERY_COMMIT, Missing::IsSaid)
}

/// Everything, as it has to be when a version is published.
pub(crate) fn run_before_release() -> Result<(), Failure> {
    run_all(&Check::ALL, Missing::Fails)
}

/// Runs every check, also after one that failed, and ends with what became of each.
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
