//! The command line: flags, subcommands, the log, and how the process stops.

use std::{env, error::Error, ffi::OsString, io::IsTerminal, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use liveops::{LiveOps, RunnerKind};
use tokio::{net::TcpListener, runtime::Runtime};
use tracing_subscriber::EnvFilter;

use crate::{
    Demo, Settings,
    settings::{DATABASE_URL, SettingsError},
};

/// Every kind of operation liveops knows, in one application.
#[derive(Debug, Parser)]
#[command(version, after_help = ENVIRONMENT)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Address to serve on [default: 127.0.0.1:3000]; `worker` serves its health and metrics there, and
    /// nothing if absent
    #[arg(long, env, global = true, value_name = "HOST:PORT")]
    bind: Option<String>,

    /// Database: sqlite://FILE or postgres://USER@HOST/NAME
    #[arg(long, env, global = true, value_name = "URL", default_value = DATABASE_URL, hide_env_values = true)]
    database_url: String,

    /// Redis, which carries frames between processes: redis://HOST/DATABASE or rediss://HOST; without
    /// it, PostgreSQL does where it is the database
    #[arg(long, env, global = true, value_name = "URL", hide_env_values = true)]
    redis_url: Option<String>,

    /// How operations get executed
    #[arg(long, env, global = true, value_enum, default_value_t = Runner::Spawn)]
    runner: Runner,

    /// How the log is written
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

/// Where the pages are served unless somebody says otherwise.
const BIND: &str = "127.0.0.1:3000";

const ENVIRONMENT: &str = "\
Environment only:
  SECRET_KEY                 signs cookies and tokens: at least 32 bytes; several with commas
                             between them, newest first, to change it; a random one if absent
  LIVEOPS_LEASE_SECONDS      how long a run may be silent before it counts as lost [default: 30]
  LIVEOPS_TOKEN_TTL_SECONDS  how long a subscription token is good for [default: 300]
  LIVEOPS_THROTTLE_HZ        how often in a second a page is updated at most [default: 20]
  LIVEOPS_KEEPALIVE_SECONDS  how often a quiet connection is asked for a sign of life [default: 25]
  LIVEOPS_MOUNT              where the pages of operations are; behind a proxy with all that it has
                             of a prefix: /app/live [default: /live]
  LIVEOPS_ALLOWED_ORIGINS    origins, with commas between them, whose pages may connect although the
                             host in their address is not the one that is asked for
  LIVEOPS_UPLOAD_DIR         where uploads are kept: on one disk for all processes [default: a folder
                             of the system's temporary one]
  LIVEOPS_DRAIN_SECONDS      how long requests are still taken after /readyz says no, when the demo
                             shall stop [default: 0]
  LIVEOPS_TEMPLATES_DIR      a folder of templates, which go before the demo's own
  RUST_LOG                   what is logged [default: info]";

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Serve the pages and run the operations (the default)
    Serve {
        /// Leave the operations to other processes, as `--runner worker` does
        #[arg(long)]
        no_worker: bool,
    },
    /// Run the operations that wait in the queue, and serve no pages
    Worker {
        /// How many operations to run at once
        #[arg(long, value_name = "NUMBER", default_value_t = 64, value_parser = at_least_one)]
        concurrency: usize,
        /// Queues to serve, with commas between them; all of them if absent
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        queues: Vec<String>,
    },
    /// Bring the tables up to date
    Migrate,
    /// Delete the operations that ended long ago
    Prune {
        /// How long ago at least: 30d, 12h
        #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration)]
        older_than: Duration,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Runner {
    /// In this process, beside the requests
    Spawn,
    /// By workers: `serve` has one inside unless it is told not to, and `worker` is one
    Worker,
    /// On the spot: a form is answered when its operation has ended
    Eager,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Runs the demo as the command line of the process says.
pub fn main() -> ExitCode {
    main_with(env::args_os())
}

/// Runs the demo as another command line says, whose first word is the name of the program.
pub fn main_with(command_line: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = Cli::parse_from(command_line);
    log(cli.log_format);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", chain(&*error));
            ExitCode::from(if error.is::<SettingsError>() { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::from_env()?;
    settings.database_url = cli.database_url;
    // Empty is how compose files and shells leave a variable out.
    settings.redis_url = cli.redis_url.filter(|url| !url.is_empty());
    settings.runner = match cli.runner {
        Runner::Spawn => RunnerKind::Spawn,
        Runner::Worker => RunnerKind::Worker,
        Runner::Eager => RunnerKind::Eager,
    };
    let runtime = Runtime::new()?;
    let done = runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve { no_worker: false }) {
            Command::Serve { no_worker } => {
                if no_worker {
                    settings.runner = RunnerKind::Worker;
                }
                settings.works = !no_worker;
                serve(settings, cli.bind.as_deref().unwrap_or(BIND)).await
            }
            Command::Worker { concurrency, queues } => {
                settings.runner = RunnerKind::Worker;
                settings.liveops.concurrency_max = concurrency;
                settings.liveops.queues = queues;
                work(settings, cli.bind.as_deref()).await
            }
            Command::Migrate => {
                crate::migrate(&settings).await?;
                tracing::info!("the tables are up to date");
                Ok(())
            }
            Command::Prune { older_than } => {
                let liveops = LiveOps::builder(crate::migrate(&settings).await?).build()?;
                println!("operations deleted: {}", liveops.prune(older_than).await?);
                Ok(())
            }
        }
    });
    // A thread that reads a file would otherwise be waited for, however long the file is.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number >= 1);
    number.ok_or_else(|| "expected a whole number from 1".to_owned())
}

async fn work(settings: Settings, bind: Option<&str>) -> Result<(), Box<dyn Error>> {
    let listener = match bind {
        Some(bind) => Some(listen(bind).await?),
        None => None,
    };
    let demo = Demo::start(settings).await?;
    match &listener {
        Some(listener) => tracing::info!("working; health on http://{}", listener.local_addr()?),
        None => tracing::info!("working"),
    }
    demo.work(listener, stop_signal()).await?;
    Ok(())
}

async fn serve(settings: Settings, bind: &str) -> Result<(), Box<dyn Error>> {
    let listener = listen(bind).await?;
    let demo = Demo::start(settings).await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    demo.serve(listener, stop_signal()).await?;
    Ok(())
}

async fn listen(bind: &str) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(bind).await;
    listener.map_err(|error| format!("failed to listen on {bind}: {error}"))
}

/// Waits for Ctrl-C, or for SIGTERM where there is one.
async fn stop_signal() {
    let ctrl_c = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "cannot hear Ctrl-C");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "cannot hear SIGTERM");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending();
    tokio::select! {
        () = ctrl_c => {}
        () = terminate => {}
    }
}

fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
}

/// An error and what caused it, on one line. Some errors repeat what caused them; the line does
/// not.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        source = error.source();
    }
    text
}
