//! `cargo xtask`: the lints, tests and checks of liveops, for developers and CI.
//!
//! A program instead of a script, so that it behaves equally on every machine. It has almost no dependencies,
//! so that it builds quickly: the dependencies of the tests are dev-dependencies of this package.

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
mod fuzz;
mod group;
mod interrupt;
mod lint;
mod nginx;
mod node;
mod pgbouncer;
mod postgres;
mod program;
mod prose;
mod redis;
mod reference_client;
mod release;
mod report;
mod rust_analyzer;
mod rustdoc;
mod scratch;
mod service;
mod soak;
mod step;
mod suite;
mod tool;
mod toolchain;
mod workspace;

const USAGE: &str = "\
usage: cargo xtask <command>

  test [--require-all] [-- <arguments of cargo test>]
        runs the tests, with private PostgreSQL and Redis servers. Some groups of tests need Chromium,
        nginx, PgBouncer, node, the client of django-liveops, libfaketime or rust-analyzer, and do not run if the
        program is missing and cannot be fetched. The last lines list the groups that did not run.
        With --require-all, or LIVEOPS_TEST_REQUIRE=all in the environment, a missing program other
        than rust-analyzer is a failure
  lint  checks the wording of doc comments, the format, clippy, the documentation and the links of the
        book
  book  builds the book of the guides, and the documentation of the crate
  checks
        runs the checks for every commit: licences and sources of dependencies, each feature alone, the
        oldest supported Rust. A check that cannot run on this machine is reported
  ci    runs lint, checks and test --require-all
  release-check
        runs the checks for a release: those of `checks`, and advisories, pairs of features, docs.rs,
        compatibility with the newest release, both packages. A check that cannot run is a failure
  dependencies, features, msrv, advisories, feature-pairs, docs-rs, semver, package
        runs one check; `semver <revision>` compares with any revision
  faults [--runs <number>] [--seed <number>]
        runs the tests that kill, suspend and disconnect workers, each with this number of operations
        [default: 2000], and with the random choices of an earlier run if its seed is given
  fuzz [--seconds <number>] [<target>...]
        runs the fuzz targets in fuzz/, each for this time [default: 60]: wire, form_body, multipart, token,
        cursor, list_query, texts
  soak [--minutes <number>]
        runs hostile and ordinary users at one server for this time [default: 10], and checks its memory,
        its file descriptors and the response times of the ordinary users. Linux only
  derive-cost [--help]
        measures the compile time of an operation
";

fn main() -> ExitCode {
    if let Some(code) = rustdoc::run_as_rustdoc() {
        return code;
    }
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
        ["soak", words @ ..] => soak::run(words),
        ["fuzz", words @ ..] => fuzz::run(words),
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

/// The failure of a command, with its exit code.
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
