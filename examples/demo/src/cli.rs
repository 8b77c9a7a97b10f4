//! The command line: flags, subcommands, the log, and how the process stops.

use std::{env, ffi::OsString, io::IsTerminal, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use liveops::{LogLayer, RunnerKind, cli::Command};
use tokio::runtime::Runtime;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

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
  RUST_LOG                   what is logged [default: info; error for all but serve and worker]";

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
    let command = cli.command.clone().unwrap_or_else(|| {
        let bind = cli.bind.clone();
        Command::serve(bind.unwrap_or_else(|| BIND.to_owned()))
    });
    log(cli.log_format, &command);
    match settings(cli, &command) {
        Ok(settings) => run(settings, command),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn settings(cli: Cli, command: &Command) -> Result<Settings, SettingsError> {
    let mut settings = Settings::from_env()?;
    settings.database_url = cli.database_url;
    // Empty is how compose files and shells leave a variable out.
    settings.redis_url = cli.redis_url.filter(|url| !url.is_empty());
    settings.runner = command.runner().unwrap_or(match cli.runner {
        Runner::Worker => RunnerKind::Worker,
        Runner::Spawn => RunnerKind::Spawn,
        Runner::Eager => RunnerKind::Eager,
    });
    // The command says when.
    settings.works = false;
    Ok(settings)
}

fn run(settings: Settings, command: Command) -> ExitCode {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: failed to start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let app = async |config| {
        Ok(Demo::start(Settings { liveops: config, ..settings.clone() }).await?.app())
    };
    let code = runtime.block_on(command.run::<Cli>(settings.liveops.clone(), app));
    // A thread that reads a file would otherwise be waited for, however long the file is.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

fn log(format: LogFormat, command: &Command) {
    // The other commands print what they do.
    let default = if command.is_service() { "info" } else { "error" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // What operations log is read by their owners too.
    let shown = LogLayer::for_target("demo::operations");
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(shown.build()).init();
}
