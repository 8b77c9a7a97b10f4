//! The command line of an application: commands that serve pages, work off the queue, run an operation in
//! a terminal, and manage operations.
//!
//! [`Command`] is a [`clap::Subcommand`], which an application adds to its own commands. [`App`] is the
//! application that the commands run.
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
//!     /// Print a greeting
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
//! This program has the commands `rockets serve`, `rockets worker` and, for one operation in a terminal:
//!
//! ```text
//! $ rockets run rockets.rocket_launch --owner ann
//! ```
//!
//! # Running in a terminal
//!
//! `run` inserts the row of the operation, claimed by this process, and runs the operation under a lease
//! as a worker does. The page of the operation is live as well. Attempts, timeouts and durable stages work
//! as usual. Only [`Progress::web`](crate::Progress::web) is `None`.
//!
//! On a terminal, `run` draws a bar, with log and status above the bar. Otherwise, `run` writes a line each
//! time the bar passes another 10 %, and at most one line in 5 seconds for a count without a total and for
//! statuses. With `--json` every line is an event; see the [table](#events). The variable `NO_COLOR` disables
//! colors.
//!
//! No text of an operation controls the terminal. All commands remove the ANSI sequences of log lines and statuses, and
//! escape other control characters and bidirectional controls. JSON output uses the escapes of JSON.
//!
//! `run` stores the paths in the fields of a form as absolute paths.
//!
//! | key or signal | effect |
//! |---|---|
//! | Ctrl-C | requests the cancellation of the operation, also in its row |
//! | second Ctrl-C | stops the operation at its next await. An operation that blocks its thread is abandoned after 5 seconds, and ends as cancelled when its lease expires |
//! | third Ctrl-C | exits at once |
//! | SIGTERM, SIGHUP | lets the operation run for at most [`App::grace`], then interrupts it: [`LiveOps::shutdown`](crate::LiveOps::shutdown) describes which operations go back into the queue, and which fail |
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | the operation finished |
//! | 1 | the operation failed, or could not be run |
//! | 2 | the command line or the input of the operation is wrong |
//! | 130 | the operation was cancelled |
//! | 143 | SIGTERM or SIGHUP interrupted the operation |
//!
//! A process that ignores SIGHUP, for example under `nohup`, continues.
//!
//! # Events
//!
//! Each event has the fields `event`, and the `id` and `op_type` of the operation.
//!
//! | `event` | further fields |
//! |---|---|
//! | `started` | `attempt`, `max_attempts`: an attempt began |
//! | `stage` | `stage`, `number` (from 1), `count`, `state` (`active`, `done`, `failed` or `cancelled`), `reused` (`true` if the output of an earlier attempt was used) |
//! | `status` | `level` (`info`, `warning` or `error`), `text` |
//! | `progress` | `percent`, `done`, `total`, `label`, `unit`, `rate` (per second), `eta_seconds`; `null` if unknown |
//! | `log` | `at` (RFC 3339), `level`, `text` |
//! | `cancelling` | none: cancellation was requested |
//! | `ended` | `state` (`FINISHED_OK`, `FINISHED_ERROR` or `CANCELLED`), `result`, `error`; `null` if absent |
//! | `chained` | `next` with the `id` and `op_type` of the next operation, which runs now |
//!
//! A status or progress update that is superseded before it is written is left out, as on a page. Every
//! log line is written. Later versions may add events and fields.

mod app;
mod args;
mod command;
mod error;
mod generate;
mod input;
mod list;
mod locale;
mod log;
mod messages;
mod output;
mod print;
mod run;
mod show;
mod signals;

pub use app::App;
pub use command::Command;
