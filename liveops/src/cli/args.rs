//! What each command takes.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::messages;
use crate::operation::{OperationId, OperationState};

/// What `serve` takes.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub struct ServeArgs {
    /// Address to serve on
    #[arg(long, env, value_name = "HOST:PORT", default_value = "127.0.0.1:3000")]
    pub bind: String,
    /// Leave the operations to other processes
    #[arg(long)]
    pub no_worker: bool,
}

/// What `worker` takes.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub struct WorkerArgs {
    /// Address to serve health and metrics on, where the application has such pages; none if absent
    #[arg(long, env, value_name = "HOST:PORT")]
    pub bind: Option<String>,
    /// How many operations to run at once; as many as the application says if absent
    #[arg(long, value_name = "NUMBER", value_parser = at_least_one)]
    pub concurrency: Option<usize>,
    /// Queues to serve, with commas between them; those that the application says if absent
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub queues: Vec<String>,
}

/// What `run` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = messages::RUN_HELP)]
#[non_exhaustive]
pub struct RunArgs {
    /// Type of the operation: `app.name`
    #[arg(value_name = "TYPE")]
    pub op_type: String,
    /// Whose operation it is
    #[arg(long, value_name = "NAME", default_value = "terminal")]
    pub owner: String,
    /// A field of the operation's input; may be repeated
    #[arg(long, value_name = "FIELD=VALUE", value_parser = field)]
    pub set: Vec<(String, String)>,
    /// A file with the whole input as JSON; `-` for the standard input
    #[arg(long, value_name = "FILE", conflicts_with = "set")]
    pub input: Option<PathBuf>,
    /// Write an event a line, as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `list` takes.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub struct ListArgs {
    /// Only those in this state: NOT_STARTED, STARTED, FINISHED_OK, FINISHED_ERROR or CANCELLED
    #[arg(long, value_name = "STATE")]
    pub state: Option<OperationState>,
    /// Only those of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub op_type: Option<String>,
    /// Only those of this owner
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub limit: u64,
    /// Write an operation a line, as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `show` takes.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub struct ShowArgs {
    /// Number of the operation
    pub id: OperationId,
    /// Write it as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `prune` takes.
#[derive(Debug, Clone, Args)]
#[non_exhaustive]
pub struct PruneArgs {
    /// How long ago at least: 30d, 12h
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration)]
    pub older_than: Duration,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number >= 1);
    number.ok_or_else(|| "expected a whole number from 1".to_owned())
}

fn field(text: &str) -> Result<(String, String), String> {
    let field = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = field.ok_or_else(|| "expected FIELD=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}
