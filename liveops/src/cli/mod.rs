//! The command line of an application: serving, working, running an operation in a terminal, and
//! looking after the operations there are.
//!
//! [`Command`] is a [`clap::Subcommand`] that an application puts among its own, and [`App`] is what the
//! commands need of the application.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use clap::{Parser, Subcommand};
//! use liveops::{Config, LiveOps, cli, store};
//! # use liveops::{LiveOperation, Progress, Run, RunResult, Viewer, web};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(LiveOperation, Serialize, Deserialize)]
//! # struct RocketLaunch;
//! # impl Run for RocketLaunch {
//! #     type Output = ();
//! #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
//! #         Ok(())
//! #     }
//! # }
//! # struct Anybody;
//! # impl<S: Sync> axum::extract::FromRequestParts<S> for Anybody {
//! #     type Rejection = std::convert::Infallible;
//! #     async fn from_request_parts(
//! #         _: &mut axum::http::request::Parts,
//! #         _: &S,
//! #     ) -> Result<Self, Self::Rejection> {
//! #         Ok(Self)
//! #     }
//! # }
//! # impl From<Anybody> for Viewer {
//! #     fn from(Anybody: Anybody) -> Self {
//! #         Viewer::new("anybody")
//! #     }
//! # }
//!
//! #[derive(Parser)]
//! struct Cli {
//!     #[command(subcommand)]
//!     command: Command,
//! }
//!
//! #[derive(Subcommand)]
//! enum Command {
//!     #[command(flatten)]
//!     LiveOps(cli::Command),
//!     /// Say hello
//!     Hello,
//! }
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     let command = match Cli::parse().command {
//!         Command::LiveOps(command) => command,
//!         Command::Hello => return ExitCode::SUCCESS,
//!     };
//!     let app = async |config| {
//!         let db = store::connect("sqlite://rockets.sqlite3").await?;
//!         let liveops = LiveOps::builder(db).register::<RocketLaunch>().config(config).build()?;
//!         Ok(cli::App::new(&liveops).router(web::router::<Anybody, _>(&liveops)))
//!     };
//!     command.run::<Cli>(Config::default(), app).await
//! }
//! ```
//!
//! That is all it takes for `rockets serve`, `rockets worker`, and
//!
//! ```text
//! $ rockets run rockets.rocket_launch --owner ann
//! ```
//!
//! # Running in a terminal
//!
//! `run` does what a page does: it adds the row of the operation, which belongs to this process from
//! the first moment on, runs it under a lease like a worker, and those who watch it in a browser see it
//! live as well. Attempts, timeouts and durable stages are as they are anywhere. Only
//! [`Progress::web`](crate::Progress::web) is `None`.
//!
//! On a terminal there is a bar, with log and status above it. Elsewhere a line is written whenever the
//! bar passes another 10 %. With `--json` every line is an event, as the [table](#events) says.
//! `NO_COLOR` is heeded.
//!
//! | | |
//! |---|---|
//! | Ctrl-C | asks the operation to stop, and says so in its row |
//! | Ctrl-C again | stops it at its next await; one that holds its thread is left behind after five seconds, and ends as cancelled when its lease runs out |
//! | Ctrl-C once more | exits at once |
//! | SIGTERM | lets it run for as long as [`App::grace`], then puts it back into the queue, for any worker; that costs it no attempt |
//!
//! | exit code | |
//! |---|---|
//! | 0 | it finished |
//! | 1 | it failed, or could not be run |
//! | 2 | the command line, or the input of the operation, is wrong |
//! | 130 | it was cancelled |
//! | 143 | it is back in the queue |
//!
//! # Events
//!
//! Each has `event`, and the `id` and `op_type` of the operation.
//!
//! | `event` | and |
//! |---|---|
//! | `started` | `attempt`, `max_attempts`: an attempt began |
//! | `stage` | `stage`, `number` (from 1), `count`, `state` (`active`, `done`, `failed` or `cancelled`), `reused` (whether an earlier attempt did it) |
//! | `status` | `level` (`info`, `warning` or `error`), `text` |
//! | `progress` | `percent`, `done`, `total`, `label`, `unit`, `rate` (a second), `eta_seconds`; `null` where not known |
//! | `log` | `at` (RFC 3339), `level`, `text` |
//! | `cancelling` | it was asked to stop |
//! | `ended` | `state` (`FINISHED_OK`, `FINISHED_ERROR` or `CANCELLED`), `result`, `error`; `null` where there is none |
//! | `chained` | `next` with its `id` and `op_type`: that one goes on |
//!
//! An update that is overtaken by another one before anybody looked is left out, as it is on a page;
//! log lines never are. There will be more events and more fields.

mod app;
mod args;
mod command;
mod error;
mod generate;
mod input;
mod list;
mod locale;
mod messages;
mod output;
mod print;
mod run;
mod show;
mod signals;

pub use app::App;
pub use args::{ListArgs, PruneArgs, RunArgs, ServeArgs, ShowArgs, WorkerArgs};
pub use clap_complete::Shell;
pub use command::Command;
pub use error::BoxError;
