use std::path::PathBuf;

use clap::{Parser, Subcommand, value_parser};

/// Measures what delivering one operation to many clients costs, beside a bare axum WebSocket
/// server that writes the same bytes.
#[derive(Debug, Clone, Parser)]
#[command(name = "fan_out")]
pub(crate) struct Options {
    /// How many clients follow the operation.
    #[arg(long, default_value_t = 2_000, value_parser = positive)]
    pub(crate) clients: usize,
    /// How often in a second the operation reports.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=500))]
    pub(crate) hz: u32,
    /// For how many seconds deliveries are counted.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u64).range(1..))]
    pub(crate) seconds: u64,
    /// How often everything is measured; odd, so that there is a middle one.
    #[arg(long, default_value_t = 3, value_parser = odd)]
    pub(crate) rounds: usize,
    /// Puts the table into docs/fan-out.md.
    #[arg(long)]
    pub(crate) write: bool,
    /// How many lines are in the log before anybody comes.
    #[arg(long, default_value_t = 0, hide = true)]
    pub(crate) log_lines: usize,
    /// What `cargo bench` says to every bench.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// What this program does when it has started itself.
#[derive(Debug, Clone, Subcommand)]
#[command(hide = true)]
pub(crate) enum Role {
    ServeLive,
    ServeBare { script: PathBuf },
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or("expected a number from 1".to_owned())
}

fn odd(text: &str) -> Result<usize, String> {
    let number = positive(text)?;
    if number.is_multiple_of(2) { Err("expected an odd number".to_owned()) } else { Ok(number) }
}
