//! `cargo xtask`: how liveops is linted and tested, on a desk and in CI alike.
//!
//! What is not in here is not a rule. It is a program and not a script so that it behaves the
//! same on every machine, and it has next to no dependencies so that it is built in a moment:
//! what the tests themselves need are dev-dependencies of this package.

use std::process::ExitCode;

use crate::{
    release::Check,
    suite::{Requirement, run_suite},
};

mod book;
mod browser;
mod cluster;
mod derive_cost;
mod fake_time;
mod faults;
mod group;
mod interrupt;
mod lint;
mod nginx;
mod node;
mod postgres;
mod program;
mod prose;
mod redis;
mod reference_client;
mod release;
mod report;
mod rust_analyzer;
mod scratch;
mod service;
mod step;
mod suite;
mod tool;
mod toolchain;
mod workspace;

const USAGE: &str = "\
usage: cargo xtask <command>

  test [--require-all] [-- <arguments of cargo test>]
        runs the tests, with private instances of PostgreSQL and Redis, and with Chromium, nginx, node,
        the client of django-liveops, libfaketime and rust-analyzer, as far as this machine has them or
        can fetch them, and ends by saying what did not run;
        --require-all, or LIVEOPS_TEST_REQUIRE=all in the environment, makes it a failure to lack
        one of them other than rust-analyzer
  lint  checks the wording of doc comments, the format, clippy's findings, the documentation and the
        links of the book
  book  builds the book of the guides, and the documentation of the crate beside it
  checks
        checks what a commit can break for those who depend on liveops: licences and sources of
        dependencies, each feature by itself, the oldest Rust; what cannot run here is said at the end
  ci    all three, with no test missing
  release-check
        checks what has to hold for a release: those of `checks`, and advisories, pairs of features,
        docs.rs, the promises of the newest release, both packages; what cannot run here is a failure
  dependencies, features, msrv, advisories, feature-pairs, docs-rs, semver, package
        runs one of these by itself; `semver <revision>` compares with any revision
  faults [--runs <number>] [--seed <number>]
        runs the tests that kill, pause and cut off workers, each with so many operations, 2000 unless
        given, and with the choices of an earlier run if its seed is given
  derive-cost [--help]
        measures what an operation costs at compile time
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test"] => run_suite(Requirement::from_environment(), &[]),
        ["test", "--", passed_on @ ..] => run_suite(Requirement::from_environment(), passed_on),
        ["test", "--require-all"] => run_suite(Requirement::EveryGroup, &[]),
        ["test", "--require-all", "--", passed_on @ ..] => {
            run_suite(Requirement::EveryGroup, passed_on)
        }
        ["lint"] => lint::run(),
        ["book"] => book::run(),
        ["checks"] => release::run_every_commit(),
        ["ci"] => lint::run()
            .and_then(|()| release::run_every_commit())
            .and_then(|()| run_suite(Requirement::EveryGroup, &[])),
        ["release-check"] => release::run_before_release(),
        ["semver", revision] => release::compare_with(revision),
        ["derive-cost", "--help" | "-h"] => {
            print!("{}", derive_cost::HELP);
            return ExitCode::SUCCESS;
        }
        ["faults", words @ ..] => faults::run(words),
        ["derive-cost", words @ ..] => derive_cost::run(words),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [name] => match Check::named(name) {
            Some(check) => release::run_one(check),
            None => return complain(),
        },
        _ => return complain(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nerror: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn complain() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(2)
}

/// Why a command did not succeed, and the code it exits with.
#[derive(Debug)]
struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }
}
