//! `cargo xtask fuzz`: the fuzz targets, with libFuzzer.
//!
//! cargo-fuzz normally needs a nightly toolchain for the address sanitizer. The workspace forbids `unsafe`, so
//! the targets run without a sanitizer, and with the pinned toolchain.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    Failure,
    step::step,
    tool::Tool,
    workspace::{root, target},
};

/// The targets, with the maximum size of an input in bytes.
const TARGETS: [(&str, &str); 7] = [
    ("wire", "4096"),
    ("form_body", "8192"),
    ("multipart", "8192"),
    ("token", "1024"),
    ("cursor", "256"),
    ("list_query", "1024"),
    ("texts", "2048"),
];

/// The number of seconds for each target without `--seconds`.
const SECONDS: u32 = 60;

/// Maximum time for one input, in seconds, before libFuzzer reports a failure.
const TIMEOUT_SECONDS: &str = "10";

/// Maximum memory of a target, in MiB, before libFuzzer reports a failure.
const MEMORY_MIB: &str = "1024";

/// Runs the targets that `words` name, or all targets.
pub(crate) fn run(words: &[&str]) -> Result<(), Failure> {
    let mut seconds = SECONDS;
    let mut chosen = Vec::new();
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "--seconds" => {
                let number = words.next().and_then(|number| number.parse().ok());
                seconds = number.ok_or_else(|| usage("--seconds"))?;
            }
            name => {
                let known = TARGETS.iter().find(|(target, _)| *target == name);
                chosen.push(*known.ok_or_else(|| usage(name))?);
            }
        }
    }
    if chosen.is_empty() {
        chosen = TARGETS.to_vec();
    }

    step("fuzz build", command("build")?.args(["--sanitizer", "none"]))?;
    let failed: Vec<&str> = chosen
        .into_iter()
        .filter(|(target, bytes)| run_target(target, bytes, seconds).is_err())
        .map(|(target, _)| target)
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let names = failed.join(", ");
    Err(Failure::new(format!("failed: {names}; the inputs are in {}", artifacts().display())))
}

/// Runs one target. libFuzzer writes new inputs to the target folder, and only reads the committed corpus.
fn run_target(name: &str, bytes: &str, seconds: u32) -> Result<(), Failure> {
    let found = target().join("fuzz/corpus").join(name);
    fs::create_dir_all(&found).map_err(|error| Failure::new(error.to_string()))?;
    let artifacts = artifacts().join(name);
    fs::create_dir_all(&artifacts).map_err(|error| Failure::new(error.to_string()))?;
    let mut command = command("run")?;
    command.args(["--sanitizer", "none", name]).arg(found).arg(folder().join("corpus").join(name));
    command.args(["--", "-print_final_stats=1", "-verbosity=0"]);
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={bytes}"));
    command.arg(format!("-timeout={TIMEOUT_SECONDS}")).arg(format!("-rss_limit_mb={MEMORY_MIB}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    step(&format!("fuzz {name}, {seconds} s"), &mut command)
}

/// Returns the start of a command line of cargo-fuzz.
fn command(verb: &str) -> Result<Command, Failure> {
    let mut command = Tool::FUZZ.command()?;
    command.arg(verb).arg("--fuzz-dir").arg(folder());
    command.arg("--target-dir").arg(target().join("fuzz"));
    Ok(command)
}

fn folder() -> PathBuf {
    root().join("fuzz")
}

fn artifacts() -> PathBuf {
    target().join("fuzz/artifacts")
}

fn usage(found: &str) -> Failure {
    let targets = TARGETS.map(|(name, _)| name).join(", ");
    let expected = format!("expected `--seconds <number>` or a target of: {targets}");
    Failure { message: format!("{expected}; found `{found}`"), code: 2 }
}
