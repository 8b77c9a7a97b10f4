//! The commands of liveops, and their execution.

use std::{env, error::Error, process::ExitCode, time::Duration};

use clap::{ArgMatches, CommandFactory, FromArgMatches, Subcommand, builder::Resettable};

use super::{
    App,
    args::{ListArgs, LogArgs, PruneArgs, RunArgs, ServeArgs, ShowArgs, WorkerArgs},
    error::CommandError,
    generate, list, log, messages,
    print::print_line,
    run, show,
};
use crate::{
    config::Config,
    operation::OperationId,
    runner::{CancelOutcome, LiveOps, RetryOutcome, RunnerKind},
};

/// One of the commands of liveops, for an application's command line.
///
/// A [`clap::Subcommand`], which an application flattens into its own commands or adds as a group. The
/// [module](super) has an example, and documents `run`.
#[derive(Debug, Clone)]
pub struct Command(CommandKind);

/// The commands, with their arguments.
#[derive(Debug, Clone, Subcommand)]
enum CommandKind {
    /// Serve the pages and run queued operations
    Serve(ServeArgs),
    /// Run queued operations without serving pages
    Worker(WorkerArgs),
    /// Run an operation in this process and show its progress
    Run(RunArgs),
    /// List operations, newest first
    List(ListArgs),
    /// Show all details of an operation
    Show(ShowArgs),
    /// Print the whole log of an operation
    Log(LogArgs),
    /// Cancel a queued or running operation
    Cancel {
        /// ID of the operation
        id: OperationId,
    },
    /// Retry an operation that has ended
    Retry {
        /// ID of the operation
        id: OperationId,
    },
    /// Create or update the database tables
    Migrate,
    /// Delete operations that ended long ago
    Prune(PruneArgs),
    /// Print a shell completion script
    Completions {
        /// Shell that runs the script
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

impl FromArgMatches for Command {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        CommandKind::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl Subcommand for Command {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        CommandKind::augment_subcommands(command).mut_subcommands(without_empty_variables)
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        CommandKind::augment_subcommands_for_update(command)
            .mut_subcommands(without_empty_variables)
    }

    fn has_subcommand(name: &str) -> bool {
        CommandKind::has_subcommand(name)
    }
}

impl Command {
    /// Returns the command `serve` for this address: a default command for an application.
    pub fn serve(bind: impl Into<String>) -> Self {
        Self(CommandKind::Serve(ServeArgs { bind: bind.into(), no_worker: false }))
    }

    /// Returns `true` for the commands that run until they are stopped: `serve` and `worker`.
    ///
    /// An application logs more while one of them runs: the other commands print what they do.
    pub fn is_service(&self) -> bool {
        matches!(self.0, CommandKind::Serve(_) | CommandKind::Worker(_))
    }

    /// Returns the runner that the command needs; `None` if the application chooses.
    ///
    /// `worker` and `serve --no-worker` need [`RunnerKind::Worker`]: one process enqueues what the other runs.
    pub fn runner(&self) -> Option<RunnerKind> {
        match &self.0 {
            CommandKind::Worker(_) | CommandKind::Serve(ServeArgs { no_worker: true, .. }) => {
                Some(RunnerKind::Worker)
            }
            _ => None,
        }
    }

    /// Runs the command, and returns its exit code. Errors are printed to standard error.
    ///
    /// `app` builds the application from the configuration that is passed to `app`: `config`, with the
    /// settings of the command line. `completions` and `man` do not call `app`. Every other command
    /// updates the database tables first.
    ///
    /// `C` is the application's own parser, for `completions` and `man`.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime with time and I/O.
    pub async fn run<C: CommandFactory>(
        self,
        mut config: Config,
        app: impl AsyncFnOnce(Config) -> Result<App, Box<dyn Error + Send + Sync>>,
    ) -> ExitCode {
        match &self.0 {
            CommandKind::Completions { shell } => {
                return generate::completions(C::command(), *shell);
            }
            CommandKind::Man => return generate::manual(C::command()),
            CommandKind::Worker(worker) => worker.apply(&mut config),
            _ => {}
        }
        let done = async {
            let mut app = app(config.clone()).await?;
            check_config(&config, app.config())?;
            app.migrate().await?;
            self.run_with(app).await
        };
        done.await.unwrap_or_else(|failure: CommandError| failure.report())
    }

    async fn run_with(self, app: App) -> Result<ExitCode, CommandError> {
        let liveops = app.liveops().clone();
        match &self.0 {
            CommandKind::Serve(ServeArgs { no_worker: false, .. }) | CommandKind::Worker(_) => {}
            // Otherwise `enqueue` and `retry` would start a worker in this process.
            _ => liveops.disable_worker(),
        }
        match self.0 {
            CommandKind::Serve(serve) => app.serve_as(&serve).await?,
            CommandKind::Worker(worker) => app.work_as(&worker).await?,
            CommandKind::Run(run) => return run::run(&app, run).await,
            CommandKind::List(list) => list::list(&liveops, list).await?,
            CommandKind::Show(show) => show::show(&liveops, &show).await?,
            CommandKind::Log(log) => log::log(&liveops, log).await?,
            CommandKind::Cancel { id } => cancel(&liveops, id).await?,
            CommandKind::Retry { id } => retry(&liveops, id).await?,
            CommandKind::Migrate => print_line!("{}", messages::MIGRATED),
            CommandKind::Prune(prune) => {
                print_line!("{}", messages::pruned(liveops.prune(prune.older_than).await?));
            }
            CommandKind::Completions { .. } | CommandKind::Man => {}
        }
        liveops.shutdown(Duration::ZERO).await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes the arguments ignore empty environment variables: compose files and shells pass an empty variable instead of
/// omitting it.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| {
        let value = argument.get_env().and_then(env::var_os);
        let is_empty = value.is_some_and(|value| value.to_string_lossy().trim().is_empty());
        if is_empty { argument.env(Resettable::Reset) } else { argument }
    })
}

/// Checks that the application was built with the settings of the command line: a flag must not be
/// ignored silently.
fn check_config(given: &Config, found: &Config) -> Result<(), CommandError> {
    if given.concurrency_max != found.concurrency_max {
        return Err(CommandError::new(messages::setting_ignored("concurrency_max")));
    }
    if given.queues != found.queues {
        return Err(CommandError::new(messages::setting_ignored("queues")));
    }
    Ok(())
}

async fn cancel(liveops: &LiveOps, id: OperationId) -> Result<(), CommandError> {
    match liveops.cancel(id).await? {
        CancelOutcome::Cancelled => print_line!("{}", messages::CANCELLED_WAITING),
        CancelOutcome::Requested => print_line!("{}", messages::CANCEL_REQUESTED),
        CancelOutcome::Ended => return Err(CommandError::new(messages::has_ended(id))),
        CancelOutcome::Unknown => return Err(CommandError::new(messages::unknown_operation(id))),
    }
    Ok(())
}

async fn retry(liveops: &LiveOps, id: OperationId) -> Result<(), CommandError> {
    match liveops.retry(id).await? {
        RetryOutcome::Retried => print_line!("{}", messages::RETRIED),
        RetryOutcome::Duplicate(existing) => {
            return Err(CommandError::new(messages::duplicate_exists(existing)));
        }
        RetryOutcome::Unfinished => return Err(CommandError::new(messages::has_not_ended(id))),
        RetryOutcome::Unknown => return Err(CommandError::new(messages::unknown_operation(id))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_the_application_ignores_is_named() {
        let given = Config { concurrency_max: 7, queues: vec!["mail".into()], ..Config::default() };
        assert!(check_config(&given, &given).is_ok());
        let other = Config { queues: vec!["mail".into()], ..Config::default() };
        assert!(check_config(&given, &other).unwrap_err().message.ends_with("concurrency_max"));
        let other = Config { concurrency_max: 7, ..Config::default() };
        assert!(check_config(&given, &other).unwrap_err().message.ends_with("queues"));
    }
}
