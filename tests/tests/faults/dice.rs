use std::{env, ops::Range};

/// The choices of one test: random, and the same again from the same seed.
#[derive(Debug)]
pub(crate) struct Dice {
    seed: u64,
    rng: fastrand::Rng,
}

impl Dice {
    /// From `LIVEOPS_FAULTS_SEED`, or from a seed that nobody chose.
    pub(crate) fn new() -> Self {
        let seed = number("LIVEOPS_FAULTS_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
        Self { seed, rng: fastrand::Rng::with_seed(seed) }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn among(&mut self, range: Range<usize>) -> usize {
        self.rng.usize(range)
    }
}

/// How many operations a test runs: `LIVEOPS_FAULTS_RUNS`, or what fits into CI.
pub(crate) fn runs(in_ci: usize) -> usize {
    number("LIVEOPS_FAULTS_RUNS").and_then(|runs| usize::try_from(runs).ok()).unwrap_or(in_ci)
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("expected {variable} to be a number: {text}")))
}
