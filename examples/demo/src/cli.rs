//! The command line: flags, subcommands, the log, and the shutdown of the process.

use std::{env, ffi::OsString, io::IsTerminal, process::ExitCode, time::Duration};

use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum, builder::Resettable};
use liveops::{LogLayer, RunnerKind, cli::Command};
use tokio::runtime::Runtime;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    Demo, Settings, operations,
    settings::{DATABASE_URL, Register, SettingsError},
};

/// One application with every kind of operation that liveops supports.
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

    /// Redis as channel layer: redis://HOST/DATABASE, rediss://HOST, redis-sentinel://HOST,HOST/?master=NAME or
    /// redis-cluster://HOST,HOST; without it, PostgreSQL is the channel layer if it is the database
    #[arg(long, env, global = true, value_name = "URL", hide_env_values = true)]
    redis_url: Option<String>,

    /// How operations are executed
    #[arg(long, env, global = true, value_enum, default_value_t = Runner::Spawn)]
    runner: Runner,

    /// Format of the log
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

/// Default address of the pages.
const BIND: &str = "127.0.0.1:3000";

const ENVIRONMENT: &str = "\
Environment only:
  SECRET_KEY                 signs cookies and tokens: at least 32 bytes; for key rotation several,
                             separated by commas, newest first; a random one if absent
  LIVEOPS_LEASE_SECONDS      lease duration of a run [default: 30]
  LIVEOPS_TOKEN_TTL_SECONDS  lifetime of a subscription token [default: 300]
  LIVEOPS_THROTTLE_HZ        maximum number of updates of a page per second [default: 20]
  LIVEOPS_KEEPALIVE_SECONDS  interval of keepalives on a quiet connection [default: 25]
  LIVEOPS_MOUNT              path of the pages of operations; behind a proxy with a prefix the whole
                             path: /app/live [default: /live]
  LIVEOPS_ALLOWED_ORIGINS    origins, separated by commas, whose pages may connect although their
                             host differs from the host of the request
  LIVEOPS_ALLOWED_HOSTS      hosts, separated by commas, under which browsers reach the application;
                             .example.com also permits subdomains [default: any, with a warning]
  LIVEOPS_REDIS_PREFIX       prefix of keys and channels in Redis, different for each application that
                             shares the server [default: liveops:]
  LIVEOPS_UPLOAD_DIR         folder of uploads, private to the user of the process and shared by all
                             processes [default: demo-uploads]
  LIVEOPS_DRAIN_SECONDS      time during which requests are accepted after /readyz answers 503 in a
                             shutdown [default: 0]
  LIVEOPS_GRACE_SECONDS      time for which operations may continue in a shutdown [default: 25]
  LIVEOPS_TEMPLATES_DIR      a folder of templates with priority over the demo's own
  RUST_LOG                   log filter [default: info; error for all but serve and worker]";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Runner {
    /// In this process, beside the requests
    Spawn,
    /// By workers: `serve` contains one unless `--no-worker` is given, and `worker` is one
    Worker,
    /// Within the request: a form is answered after its operation has ended
    Eager,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Runs the demo with the command line of the process.
pub fn main() -> ExitCode {
    main_with(env::args_os())
}

/// Runs the demo with the given command line, whose first word is the name of the program.
pub fn main_with(command_line: impl IntoIterator<Item = OsString>) -> ExitCode {
    main_with_operations(command_line, operations::register)
}

/// Runs the demo with the given command line and other operations, as another version of the demo would.
pub fn main_with_operations(
    command_line: impl IntoIterator<Item = OsString>,
    operations: Register,
) -> ExitCode {
    let matches = without_empty_variables(Cli::command()).get_matches_from(command_line);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let command = cli.command.clone().unwrap_or_else(|| {
        let bind = cli.bind.clone();
        Command::serve(bind.unwrap_or_else(|| BIND.to_owned()))
    });
    log(cli.log_format, &command);
    match settings(cli, &command) {
        Ok(settings) => run(Settings { operations, ..settings }, command),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Makes the flags ignore empty environment variables: compose files and shells pass an empty variable instead of
/// omitting it.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|flag| {
        let value = flag.get_env().and_then(env::var_os);
        let is_empty = value.is_some_and(|value| value.to_string_lossy().trim().is_empty());
        if is_empty { flag.env(Resettable::Reset) } else { flag }
    })
}

fn settings(cli: Cli, command: &Command) -> Result<Settings, SettingsError> {
    let mut settings = Settings::from_env()?;
    settings.database_url = cli.database_url;
    settings.redis_url = cli.redis_url;
    settings.runner = command.runner().unwrap_or(match cli.runner {
        Runner::Worker => RunnerKind::Worker,
        Runner::Spawn => RunnerKind::Spawn,
        Runner::Eager => RunnerKind::Eager,
    });
    // The command decides if a worker starts.
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
    // Limits the wait for threads that read a file, which could be of any size.
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
    // Events of operations also appear in their live logs.
    let shown = LogLayer::for_target("demo::operations");
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(shown.build()).init();
}
