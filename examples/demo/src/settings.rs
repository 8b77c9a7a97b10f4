//! The settings of the demo, from flags and environment variables.

use std::{env, path::PathBuf, str::FromStr, time::Duration};

use liveops::{Config, RunnerKind, runner::Builder};

use crate::{
    AppState, operations,
    secrets::{Secrets, SecretsError},
};

/// A function that registers operations.
pub type Register = fn(Builder<AppState>) -> Builder<AppState>;

/// The settings of the demo.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The function that registers the operations.
    pub operations: Register,
    /// The database, as a URL.
    pub database_url: String,
    /// The URL of the Redis channel layer, if any.
    pub redis_url: Option<String>,
    /// The prefix of the keys and channels in Redis, if not the default of liveops.
    pub redis_prefix: Option<String>,
    /// The runner.
    pub runner: RunnerKind,
    /// True if this process executes operations.
    pub works: bool,
    /// The secrets that sign cookies and tokens.
    pub secrets: Secrets,
    /// The lifetime of subscription tokens.
    pub token_ttl: Duration,
    /// The time during which requests are still accepted after the shutdown has begun.
    pub drain: Duration,
    /// The time for which running operations may continue after the shutdown has begun.
    pub grace: Duration,
    /// The configuration of liveops.
    pub liveops: Config,
    /// The folder of uploads.
    pub upload_dir: PathBuf,
    /// The folder of samples.
    pub samples_dir: PathBuf,
    /// A folder of templates with priority over the demo's own.
    pub templates_dir: Option<PathBuf>,
}

/// An error for an environment variable with an invalid value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// `SECRET_KEY` is not a list of secrets.
    #[error("SECRET_KEY: {0}")]
    Secrets(#[from] SecretsError),
    /// A value is not a number, or is out of bounds.
    #[error("{name}: expected {expected}, found `{found}`")]
    Number {
        /// The name of the variable.
        name: &'static str,
        /// The expected values.
        expected: &'static str,
        /// The found value.
        found: String,
    },
    /// `LIVEOPS_MOUNT` is not a path.
    #[error("LIVEOPS_MOUNT: expected a path such as /app/live, found `{0}`")]
    Mount(String),
    /// `LIVEOPS_ALLOWED_ORIGINS` contains a value that is not an origin.
    #[error(
        "LIVEOPS_ALLOWED_ORIGINS: expected origins such as https://intranet.example with commas \
         between them, found `{0}`"
    )]
    Origin(String),
    /// `LIVEOPS_ALLOWED_HOSTS` contains a value that is not a host.
    #[error(
        "LIVEOPS_ALLOWED_HOSTS: expected hosts such as intranet.example with commas between them, \
         found `{0}`"
    )]
    Host(String),
}

/// Default database: a file in the current folder.
pub const DATABASE_URL: &str = "sqlite://demo.sqlite3";

/// Default folder of uploads, beside the default database.
const UPLOAD_DIR: &str = "demo-uploads";

impl Settings {
    /// Returns the settings for tests: a database in memory, and a random secret.
    pub fn in_memory() -> Self {
        Self {
            operations: operations::register,
            database_url: "sqlite::memory:".to_owned(),
            redis_url: None,
            redis_prefix: None,
            runner: RunnerKind::default(),
            works: true,
            secrets: Secrets::random(),
            token_ttl: liveops::token::TOKEN_TTL,
            drain: Duration::ZERO,
            grace: Duration::from_secs(25),
            liveops: Config::default(),
            upload_dir: std::env::temp_dir().join(format!("demo-uploads-{}", std::process::id())),
            samples_dir: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data")),
            templates_dir: None,
        }
    }

    /// Reads the settings that only the environment has; all others keep their defaults.
    ///
    /// # Errors
    ///
    /// Returns an error for the first variable with an invalid value.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::from_variables(|name| env::var(name).ok())
    }

    /// Reads the settings through `variable`. An empty value counts as absent, because compose files and
    /// shells pass an empty variable instead of omitting it.
    fn from_variables(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let variable = |name| variable(name).filter(|value| !value.trim().is_empty());
        let seconds = |name, min, max, expected| {
            let number = number(name, variable(name), expected, |n| (min..=max).contains(n));
            number.map(|seconds| seconds.map(Duration::from_secs))
        };
        let mut settings = Self {
            database_url: DATABASE_URL.to_owned(),
            upload_dir: UPLOAD_DIR.into(),
            ..Self::in_memory()
        };
        match variable("SECRET_KEY") {
            Some(text) => settings.secrets = Secrets::parse(&text)?,
            None => tracing::warn!(
                "SECRET_KEY is not set: using a random key; all users have to sign in again after a \
                 restart of the process"
            ),
        }
        if let Some(mount) = variable("LIVEOPS_MOUNT") {
            settings.liveops.mount = path(mount)?;
        }
        if let Some(list) = variable("LIVEOPS_ALLOWED_ORIGINS") {
            let origins = list.split(',').map(origin);
            settings.liveops.allowed_origins = origins.collect::<Result<_, _>>()?;
        }
        if let Some(list) = variable("LIVEOPS_ALLOWED_HOSTS") {
            let hosts = list.split(',').map(host);
            settings.liveops.allowed_hosts = hosts.collect::<Result<_, _>>()?;
        }
        if let Some(folder) = variable("LIVEOPS_UPLOAD_DIR") {
            settings.upload_dir = PathBuf::from(folder);
        }
        settings.redis_prefix = variable("LIVEOPS_REDIS_PREFIX");
        settings.templates_dir = variable("LIVEOPS_TEMPLATES_DIR").map(PathBuf::from);
        let (hour, day) = (3_600, 86_400);
        let whole_hour = "a whole number of seconds from 1 to 3600";
        if let Some(lease) = seconds("LIVEOPS_LEASE_SECONDS", 1, hour, whole_hour)? {
            settings.liveops.lease = lease;
        }
        if let Some(keepalive) = seconds("LIVEOPS_KEEPALIVE_SECONDS", 1, hour, whole_hour)? {
            settings.liveops.keepalive = keepalive;
        }
        let whole_day = "a whole number of seconds from 1 to 86400";
        if let Some(ttl) = seconds("LIVEOPS_TOKEN_TTL_SECONDS", 1, day, whole_day)? {
            settings.token_ttl = ttl;
        }
        let hour_or_none = "a whole number of seconds from 0 to 3600";
        if let Some(drain) = seconds("LIVEOPS_DRAIN_SECONDS", 0, hour, hour_or_none)? {
            settings.drain = drain;
        }
        if let Some(grace) = seconds("LIVEOPS_GRACE_SECONDS", 0, hour, hour_or_none)? {
            settings.grace = grace;
        }
        let name = "LIVEOPS_THROTTLE_HZ";
        let hz = number(name, variable(name), "a number from 0.1 to 1000", |hz| {
            (0.1..=1_000.0).contains(hz)
        });
        if let Some(hz) = hz? {
            settings.liveops.throttle_hz = hz;
        }
        Ok(settings)
    }
}

fn path(text: String) -> Result<String, SettingsError> {
    let is_path = text.starts_with('/') && !text.ends_with('/');
    if is_path { Ok(text) } else { Err(SettingsError::Mount(text)) }
}

/// Parses an origin. Browsers send origins without a path, so an origin with a slash at its end would never
/// match.
fn origin(text: &str) -> Result<String, SettingsError> {
    let text = text.trim();
    let host = text.split_once("://").map(|(_, host)| host);
    match host.filter(|host| !host.is_empty() && !host.contains('/')) {
        Some(_) => Ok(text.to_owned()),
        None => Err(SettingsError::Origin(text.to_owned())),
    }
}

fn host(text: &str) -> Result<String, SettingsError> {
    let text = text.trim();
    let is_host = !text.is_empty() && !text.contains(['/', '@', ' ']);
    if is_host { Ok(text.to_owned()) } else { Err(SettingsError::Host(text.to_owned())) }
}

fn number<N: FromStr>(
    name: &'static str,
    value: Option<String>,
    expected: &'static str,
    is_within: impl FnOnce(&N) -> bool,
) -> Result<Option<N>, SettingsError> {
    let Some(found) = value else { return Ok(None) };
    match found.trim().parse() {
        Ok(number) if is_within(&number) => Ok(Some(number)),
        _ => Err(SettingsError::Number { name, expected, found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_variable_is_read() {
        let settings = read(&[
            ("SECRET_KEY", "a secret that has thirty-two bytes"),
            ("LIVEOPS_LEASE_SECONDS", "2"),
            ("LIVEOPS_TOKEN_TTL_SECONDS", "60"),
            ("LIVEOPS_THROTTLE_HZ", "0.5"),
            ("LIVEOPS_KEEPALIVE_SECONDS", "5"),
            ("LIVEOPS_MOUNT", "/app/live"),
            ("LIVEOPS_ALLOWED_ORIGINS", "https://a.example, http://b.example:8080"),
            ("LIVEOPS_ALLOWED_HOSTS", "a.example, .b.example"),
            ("LIVEOPS_UPLOAD_DIR", "/srv/uploads"),
            ("LIVEOPS_REDIS_PREFIX", "demo:"),
            ("LIVEOPS_DRAIN_SECONDS", "0"),
            ("LIVEOPS_GRACE_SECONDS", "2"),
            ("LIVEOPS_TEMPLATES_DIR", "examples/demo/templates"),
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.liveops.lease, Duration::from_secs(2));
        assert_eq!(settings.token_ttl, Duration::from_secs(60));
        assert_eq!(settings.liveops.throttle_hz, 0.5);
        assert_eq!(settings.drain, Duration::ZERO);
        assert_eq!(settings.grace, Duration::from_secs(2));
        assert_eq!(settings.liveops.keepalive, Duration::from_secs(5));
        assert_eq!(settings.liveops.mount, "/app/live");
        let origins = ["https://a.example", "http://b.example:8080"];
        assert_eq!(settings.liveops.allowed_origins, origins);
        assert_eq!(settings.liveops.allowed_hosts, ["a.example", ".b.example"]);
        assert_eq!(settings.upload_dir, PathBuf::from("/srv/uploads"));
        assert_eq!(settings.redis_prefix.as_deref(), Some("demo:"));
        assert_eq!(settings.templates_dir, Some(PathBuf::from("examples/demo/templates")));
        assert_eq!(settings.database_url, DATABASE_URL);
    }

    #[test]
    fn an_empty_variable_is_an_absent_one() {
        let settings = read(&[("SECRET_KEY", ""), ("LIVEOPS_LEASE_SECONDS", " ")]).unwrap();
        assert_eq!(settings.liveops.lease, Config::default().lease);
    }

    #[test]
    fn a_bad_value_is_named_with_what_was_expected() {
        for (name, value, message) in [
            (
                "LIVEOPS_LEASE_SECONDS",
                "0",
                "LIVEOPS_LEASE_SECONDS: expected a whole number of seconds from 1 to 3600, found `0`",
            ),
            (
                "LIVEOPS_DRAIN_SECONDS",
                "3601",
                "LIVEOPS_DRAIN_SECONDS: expected a whole number of seconds from 0 to 3600, found `3601`",
            ),
            (
                "LIVEOPS_TOKEN_TTL_SECONDS",
                "5m",
                "LIVEOPS_TOKEN_TTL_SECONDS: expected a whole number of seconds from 1 to 86400, \
                 found `5m`",
            ),
            (
                "LIVEOPS_THROTTLE_HZ",
                "NaN",
                "LIVEOPS_THROTTLE_HZ: expected a number from 0.1 to 1000, found `NaN`",
            ),
            (
                "LIVEOPS_MOUNT",
                "app/live/",
                "LIVEOPS_MOUNT: expected a path such as /app/live, found `app/live/`",
            ),
            (
                "LIVEOPS_ALLOWED_ORIGINS",
                "https://a.example,https://b.example/",
                "LIVEOPS_ALLOWED_ORIGINS: expected origins such as https://intranet.example with \
                 commas between them, found `https://b.example/`",
            ),
            (
                "LIVEOPS_ALLOWED_HOSTS",
                "a.example,https://b.example",
                "LIVEOPS_ALLOWED_HOSTS: expected hosts such as intranet.example with commas between \
                 them, found `https://b.example`",
            ),
            (
                "SECRET_KEY",
                "short",
                "SECRET_KEY: expected secrets of at least 32 bytes with commas between them, \
                 newest first; number 1 has 5",
            ),
        ] {
            assert_eq!(read(&[(name, value)]).unwrap_err().to_string(), message);
        }
    }
}
