//! The arguments of each command.
//!
//! The doc comments of the fields are the help texts of the command line.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::messages;
use crate::{
    event::Level,
    operation::{OperationId, OperationState},
};

/// The arguments of `serve`.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub(super) struct ServeArgs {
    /// Address to listen on
    #[arg(long, env, value_name = "HOST:PORT", default_value = "127.0.0.1:3000")]
    pub(super) bind: String,
    /// Do not run operations in this process
    #[arg(long)]
    pub(super) no_worker: bool,
}

/// The arguments of `worker`.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub(super) struct WorkerArgs {
    /// Address for the application's health and metrics pages; not served if absent
    #[arg(long, env, value_name = "HOST:PORT")]
    pub(super) bind: Option<String>,
    /// Maximum number of operations to run at once; the application's setting if absent
    #[arg(long, value_name = "NUMBER", value_parser = at_least_one)]
    pub(super) concurrency: Option<usize>,
    /// Queues to serve, separated by commas; the application's setting if absent
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) queues: Vec<String>,
}

/// The arguments of `run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = messages::RUN_HELP)]
#[non_exhaustive]
pub(super) struct RunArgs {
    /// Type of the operation: `app.name`
    #[arg(value_name = "TYPE")]
    pub(super) op_type: String,
    /// Owner of the operation
    #[arg(long, value_name = "NAME", default_value = "terminal")]
    pub(super) owner: String,
    /// Field of the operation's input; may be repeated
    #[arg(long, value_name = "FIELD=VALUE", value_parser = field)]
    pub(super) set: Vec<(String, String)>,
    /// File with the whole input as JSON; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "set")]
    pub(super) input: Option<PathBuf>,
    /// Print events as JSON, one per line
    #[arg(long)]
    pub(super) json: bool,
}

/// The arguments of `list`.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub(super) struct ListArgs {
    /// Only operations in this state: NOT_STARTED, STARTED, FINISHED_OK, FINISHED_ERROR or CANCELLED
    #[arg(long, value_name = "STATE")]
    pub(super) state: Option<OperationState>,
    /// Only operations of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) op_type: Option<String>,
    /// Only operations of this owner
    #[arg(long, value_name = "NAME")]
    pub(super) owner: Option<String>,
    /// Maximum number of operations
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub(super) limit: u64,
    /// Print operations as JSON, one per line
    #[arg(long)]
    pub(super) json: bool,
}

/// The arguments of `show`.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub(super) struct ShowArgs {
    /// ID of the operation
    pub(super) id: OperationId,
    /// Print the operation as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// The arguments of `log`.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub(super) struct LogArgs {
    /// ID of the operation
    pub(super) id: OperationId,
    /// Only lines of this level or above: info, warning or error
    #[arg(long, value_name = "LEVEL", value_parser = level, default_value = "info")]
    pub(super) level: Level,
    /// Only lines that contain this text
    #[arg(long, value_name = "TEXT")]
    pub(super) search: Option<String>,
    /// Only lines of the attempt with this number
    #[arg(long, value_name = "NUMBER")]
    pub(super) attempt: Option<u64>,
}

/// The arguments of `prune`.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub(super) struct PruneArgs {
    /// Minimum time since the operation ended, such as 30d or 12h
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration)]
    pub(super) older_than: Duration,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number >= 1);
    number.ok_or_else(|| "expected a whole number of at least 1".to_owned())
}

fn level(name: &str) -> Result<Level, String> {
    Level::named(name).ok_or_else(|| "expected info, warning or error".to_owned())
}

fn field(text: &str) -> Result<(String, String), String> {
    let field = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = field.ok_or_else(|| "expected FIELD=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}
