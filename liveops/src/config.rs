//! The numbers an application may turn.

use std::{path::PathBuf, time::Duration};

/// How liveops behaves; every field has a default.
///
/// ```
/// use std::time::Duration;
///
/// let mut config = liveops::Config::default();
/// config.throttle_hz = 5.0;
/// config.lease = Duration::from_secs(60);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The path under which the router stands, such as `/live`, the default; empty for the root.
    pub mount: String,
    /// How often in a second the changes of a run are shown at most; 20 unless set, from 0.1 to
    /// 1,000.
    pub throttle_hz: f64,
    /// How many operations this process runs at once; 64 unless set, at least 1.
    pub concurrency_max: usize,
    /// The queues whose operations this process runs; those of all queues unless set.
    pub queues: Vec<String>,
    /// How often the queue is looked at when nothing wakes the worker; 1 second unless set, at least
    /// 10 milliseconds.
    pub poll_interval: Duration,
    /// How long a run may be silent before it counts as lost; 30 seconds unless set, at least 1.
    /// Whoever runs it speaks up three times as often.
    pub lease: Duration,
    /// How many workers one operation may take along: at that many it counts as what kills them, and
    /// ends even if it may be attempted again; 3 unless set, at least 1. A retry by a user counts
    /// anew.
    pub rescues_max: u32,
    /// How long an operation with `#[liveop(cancel = "abort")]` may take to notice that it shall stop
    /// before it is dropped; 5 seconds unless set.
    pub abort_grace: Duration,
    /// Whether the pages load the htmx that liveops brings; they do unless this is false, which is for
    /// an application whose layout loads its own: two would send every request twice.
    pub include_htmx: bool,
    /// How often a quiet connection is asked for a sign of life; 25 seconds unless set, from 1 to a day.
    /// After two silent intervals it is closed.
    pub keepalive: Duration,
    /// How long a client may take nothing of what it is sent, be it that it does not read or that
    /// it does not acknowledge, before its connection is closed; 30 seconds unless set, at least 1.
    pub stall_timeout: Duration,
    /// How large the output of a run may be as JSON, from which its result is shown; 1 MiB unless
    /// set. A run with a larger one ends with an error.
    pub output_bytes_max: usize,
    /// How large the body of a request that creates an operation may be, files included; 32 MiB
    /// unless set.
    pub upload_bytes_max: usize,
    /// Where uploaded files are kept; a folder of the system's temporary one unless set.
    pub upload_dir: PathBuf,
    /// How many connections one viewer may have open at once; 64 unless set.
    pub connections_per_viewer_max: usize,
    /// How many channels one connection may follow; 256 unless set.
    pub subscriptions_per_connection_max: usize,
    /// The group a viewer must be in for any of the routes; superusers need not. None unless set.
    pub required_group: Option<String>,
    /// The origins whose pages may open connections and send forms beside the application's own:
    /// `https://intranet.example`. None unless set.
    pub allowed_origins: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mount: "/live".to_owned(),
            throttle_hz: 20.0,
            concurrency_max: 64,
            queues: Vec::new(),
            poll_interval: Duration::from_secs(1),
            lease: Duration::from_secs(30),
            rescues_max: 3,
            abort_grace: Duration::from_secs(5),
            include_htmx: true,
            keepalive: Duration::from_secs(25),
            stall_timeout: Duration::from_secs(30),
            output_bytes_max: 1 << 20,
            upload_bytes_max: 32 << 20,
            upload_dir: std::env::temp_dir().join("liveops-uploads"),
            connections_per_viewer_max: 64,
            subscriptions_per_connection_max: 256,
            required_group: None,
            allowed_origins: Vec::new(),
        }
    }
}

/// A value that is out of its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `{field}` to be {expected}, found {found}")]
pub struct ConfigError {
    field: &'static str,
    expected: &'static str,
    found: String,
}

impl Config {
    /// Checks every bound.
    ///
    /// # Errors
    ///
    /// The first value that is out of its bounds.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let second = Duration::from_secs(1);
        let mount_is_a_path =
            self.mount.is_empty() || (self.mount.starts_with('/') && !self.mount.ends_with('/'));
        check("mount", "empty or a path such as /live", &self.mount, mount_is_a_path)?;
        let hz = self.throttle_hz;
        check("throttle_hz", "from 0.1 to 1000", hz, (0.1..=1000.0).contains(&hz))?;
        let count = self.concurrency_max;
        check("concurrency_max", "at least 1", count, count >= 1)?;
        let poll = self.poll_interval;
        let is_longer = poll >= Duration::from_millis(10);
        check("poll_interval", "at least 10 milliseconds", Seconds(poll), is_longer)?;
        let count = self.rescues_max;
        check("rescues_max", "at least 1", count, count >= 1)?;
        let at_least_a_second = |field, found: Duration| {
            check(field, "at least a second", Seconds(found), found >= second)
        };
        at_least_a_second("lease", self.lease)?;
        let keepalive = self.keepalive;
        let is_within = (second..=86_400 * second).contains(&keepalive);
        check("keepalive", "from a second to a day", Seconds(keepalive), is_within)?;
        at_least_a_second("stall_timeout", self.stall_timeout)
    }
}

struct Seconds(Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

fn check(
    field: &'static str,
    expected: &'static str,
    found: impl std::fmt::Display,
    holds: bool,
) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError { field, expected, found: found.to_string() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_bounds() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn an_error_says_what_was_expected_and_found() {
        let config = Config { throttle_hz: 0.0, ..Config::default() };
        assert_eq!(
            config.validate().unwrap_err().to_string(),
            "expected `throttle_hz` to be from 0.1 to 1000, found 0"
        );
        let config = Config { mount: "live/".to_owned(), ..Config::default() };
        assert!(config.validate().is_err());
        let config = Config { keepalive: Duration::MAX, ..Config::default() };
        assert!(config.validate().is_err());
    }
}
