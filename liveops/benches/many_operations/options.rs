//! The arguments of the benchmark.

use clap::{Parser, Subcommand, value_parser};

/// Measures the updates that one process delivers while it runs many operations, each watched by a client
/// of its own.
#[derive(Debug, Clone, Parser)]
#[command(name = "many_operations")]
pub(crate) struct Options {
    /// Numbers of operations to measure, one after the other
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 2_000, 3_000, 5_000, 10_000])]
    pub(crate) operations: Vec<usize>,
    /// Updates of each operation per second
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=500))]
    pub(crate) hz: u32,
    /// Seconds for which deliveries are counted
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..))]
    pub(crate) seconds: u64,
    /// Clients that connect at the same time
    #[arg(long, default_value_t = 64, value_parser = positive)]
    pub(crate) handshakes: usize,
    /// Argument that cargo passes to every bench
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// The task of this program after it has started itself.
#[derive(Debug, Clone, Subcommand)]
#[command(hide = true)]
pub(crate) enum Role {
    /// Serves this number of operations with this rate of updates.
    Serve { operations: usize, hz: u32 },
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or("expected a number from 1".to_owned())
}
