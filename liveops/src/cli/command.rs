use std::{process::ExitCode, time::Duration};

use clap::{CommandFactory, Subcommand};

use super::{
    App,
    args::{ListArgs, PruneArgs, RunArgs, ServeArgs, ShowArgs, WorkerArgs},
    error::{BoxError, CommandError},
    generate, list, messages,
    print::print_line,
    run, show,
};
use crate::{
    config::Config,
    operation::OperationId,
    runner::{CancelOutcome, LiveOps, RetryOutcome},
};

/// The commands of every application that has live operations.
///
/// A [`clap::Subcommand`], to be flattened into an application's own or to stand in a group of its own;
/// see the [module](super) for both the application and what `run` does.
#[derive(Debug, Clone, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Serve the pages and run the operations
    Serve(ServeArgs),
    /// Run the operations that wait in the queue, and serve no pages
    Worker(WorkerArgs),
    /// Run an operation here, and show it in the terminal
    Run(RunArgs),
    /// List operations, newest first
    List(ListArgs),
    /// Show everything about an operation
    Show(ShowArgs),
    /// Cancel an operation that waits, or ask one that runs to stop
    Cancel {
        /// Number of the operation
        id: OperationId,
    },
    /// Run an operation that has ended once more
    Retry {
        /// Number of the operation
        id: OperationId,
    },
    /// Bring the tables up to date
    Migrate,
    /// Delete the operations that ended long ago
    Prune(PruneArgs),
    /// Write what completes these commands in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual of these commands, for `man`
    Man,
}

impl Command {
    /// `serve` on this address: for an application that serves unless it is told something else.
    pub fn serve(bind: impl Into<String>) -> Self {
        Self::Serve(ServeArgs { bind: bind.into(), no_worker: false })
    }

    /// Does what the command says, and gives the exit code for it. What is wrong is said on standard
    /// error.
    ///
    /// `app` puts the application together, with the configuration that it is given: `config`, and what
    /// the command line says otherwise. It is not called for what needs no application. Every command
    /// that needs one brings the tables up to date first.
    ///
    /// `C` is the application's own parser: what completions and the manual are about.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time and I/O.
    pub async fn run<C: CommandFactory>(
        self,
        mut config: Config,
        app: impl AsyncFnOnce(Config) -> Result<App, BoxError>,
    ) -> ExitCode {
        match &self {
            Self::Completions { shell } => return generate::completions(C::command(), *shell),
            Self::Man => return generate::manual(C::command()),
            Self::Worker(worker) => worker.apply(&mut config),
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
        match &self {
            Self::Serve(ServeArgs { no_worker: false, .. }) | Self::Worker(_) => {}
            // Nor when something is enqueued, or started over.
            _ => liveops.disable_worker(),
        }
        match self {
            Self::Serve(serve) => app.serve_as(&serve).await?,
            Self::Worker(worker) => app.work_as(&worker).await?,
            Self::Run(run) => return run::run(&app, run).await,
            Self::List(list) => list::list(&liveops, list).await?,
            Self::Show(show) => show::show(&liveops, &show).await?,
            Self::Cancel { id } => cancel(&liveops, id).await?,
            Self::Retry { id } => retry(&liveops, id).await?,
            Self::Migrate => print_line!("{}", messages::MIGRATED),
            Self::Prune(prune) => {
                print_line!("{}", messages::pruned(liveops.prune(prune.older_than).await?));
            }
            Self::Completions { .. } | Self::Man => {}
        }
        liveops.shutdown(Duration::ZERO).await;
        Ok(ExitCode::SUCCESS)
    }
}

/// A flag that the application did not heed would be worse than one that there is not.
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
        RetryOutcome::Duplicate(same) => {
            return Err(CommandError::new(messages::duplicate_exists(same)));
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
    fn what_the_application_did_not_heed_is_named() {
        let given = Config { concurrency_max: 7, queues: vec!["mail".into()], ..Config::default() };
        assert!(check_config(&given, &given).is_ok());
        let other = Config { queues: vec!["mail".into()], ..Config::default() };
        assert!(check_config(&given, &other).unwrap_err().message.ends_with("concurrency_max"));
        let other = Config { concurrency_max: 7, ..Config::default() };
        assert!(check_config(&given, &other).unwrap_err().message.ends_with("queues"));
    }
}
