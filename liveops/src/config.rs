//! The settings of an application, and their bounds.

mod host;

use std::{path::PathBuf, time::Duration};

pub(crate) use host::Authority;
use host::is_allowed_entry;

/// Settings of liveops. Every field has a default.
///
/// ```
/// use std::time::Duration;
///
/// use liveops::Config;
///
/// let config = Config::default()
///     .with_mount("/jobs")
///     .with_throttle_hz(5.0)
///     .with_lease(Duration::from_secs(60))
///     .with_queues(["reports", "mail"]);
/// assert_eq!(config.mount, "/jobs");
/// ```
///
/// [`Builder::build`](crate::runner::Builder::build) checks the bounds.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Path of the router, such as `/live` (the default); empty for the root of the site.
    pub mount: String,
    /// Maximum number of updates of one run per second; default 20, from 0.1 to 1,000. An overloaded process
    /// sends fewer updates.
    pub throttle_hz: f64,
    /// Maximum number of operations that this process runs at the same time; default 64, at least 1.
    pub concurrency_max: usize,
    /// Maximum number of operations of one owner that this process runs at the same time; at least 1. Default `None`:
    /// seven eighths of `concurrency_max`, rounded up, so that one owner does not occupy every slot of a process with
    /// at least 8 slots.
    pub running_per_owner_max: Option<usize>,
    /// Maximum number of waiting operations of one owner, for requests that create an operation; default 1,000, at
    /// least 1. A request above the limit gets 429. Concurrent requests may exceed the limit by their number. The limit
    /// does not apply to operations that the application's own code enqueues.
    pub waiting_per_owner_max: usize,
    /// Queues whose operations this process runs; all queues by default.
    pub queues: Vec<String>,
    /// Interval between two polls of the queue if no wake-up arrives; default 1 second, from
    /// 10 milliseconds to 1 day.
    pub poll_interval: Duration,
    /// Lease duration; default 30 seconds, from 1 second to 1 day. The worker renews its leases three times
    /// in this time. Another worker takes over a run whose lease has expired, judged by the duration that
    /// the holder of the lease had. A worker that cannot reach the database for this time stops its runs.
    /// A heartbeat or a claim that gets no answer for a third of this time is given up, and repeated on a
    /// new connection.
    pub lease: Duration,
    /// Number of expired leases at which an operation ends, even if it has attempts left; default 3, at
    /// least 1. Such an operation is assumed to crash its workers. A user's retry resets the count.
    pub rescues_max: u32,
    /// Number of shutdowns that may interrupt an operation and put it back into the queue; default 10, at
    /// least 1. The next shutdown that interrupts the operation ends it with an error. A user's retry resets
    /// the count.
    pub hand_backs_max: u32,
    /// Time between the cancellation of an operation with `#[liveop(cancel = "abort")]` and the drop of
    /// its future, if the operation does not stop earlier; default 5 seconds, at most 1 day.
    pub abort_grace: Duration,
    /// Time that a run has to leave its thread and its closures after it was stopped, by a timeout, an abort
    /// or a shutdown; default 10 seconds, from 1 second to 1 day. After a timeout or an abort, a run that still
    /// executes ends with a warning on its page, gets no next attempt, and frees its worker slot.
    pub stop_timeout: Duration,
    /// Time limit for one call of a hook ([`Builder::on_end`](crate::runner::Builder::on_end)); default 30 seconds,
    /// from 1 second to 1 day. If a process dies during a call, another process repeats the call after about twice this
    /// time.
    pub hook_timeout: Duration,
    /// `true` to load the bundled htmx on every page; default `true`. Set to `false` if the application's
    /// layout loads htmx: two copies would send every request twice.
    pub include_htmx: bool,
    /// Interval between two pings on an idle connection; default 25 seconds, from 1 second to 1 day. The
    /// server closes the connection of a client that does not answer for two intervals.
    pub keepalive: Duration,
    /// Time after which the server closes the connection of a client that does not read or does not
    /// acknowledge its messages; default 30 seconds, from 1 second to 1 day.
    pub stall_timeout: Duration,
    /// Maximum size of the input of an operation as JSON, in bytes; default 1 MiB. A larger one is not enqueued:
    /// every attempt reads the input. An uploaded file counts only with its path.
    pub input_bytes_max: usize,
    /// Maximum size of the output of a run as JSON, in bytes; default 1 MiB. A run with a larger output
    /// ends with an error. The page renders the result from this JSON.
    pub output_bytes_max: usize,
    /// Maximum number of lines in the log of an operation, over all of its attempts; default 100,000, at least 1,000.
    /// A longer log loses lines of its middle: the first quarter of the limit stays, and at least the newest half. The
    /// log says how many lines were left out. A run also keeps at most this number of lines in memory until the
    /// database has stored them.
    pub log_lines_max: u64,
    /// Maximum size of the texts in the log of an operation, in bytes; default 32 MiB, at least 1 MiB. A larger log loses
    /// lines as one with too many lines does.
    pub log_bytes_max: u64,
    /// Maximum size in bytes of JSON, of a form without files, and of all texts together in a form with files; default
    /// 1 MiB.
    pub body_bytes_max: usize,
    /// Maximum size of the body of a request with files, in bytes; default 32 MiB.
    pub upload_bytes_max: usize,
    /// Folder for uploaded files, shared by all processes. Default: `None`, a folder beside the file of a SQLite
    /// database, with `-uploads` at the end of its name; a temporary folder for a database in memory; and
    /// `liveops-uploads` in the working directory for a database server. liveops creates the folder with mode 0700
    /// and refuses uploads if the folder belongs to another user, or if others may enter or replace it.
    pub upload_dir: Option<PathBuf>,
    /// Maximum size of the uploaded files of one owner in `upload_dir`, in bytes; default 4 GiB. Each file counts
    /// as at least 64 KiB.
    pub upload_bytes_per_owner_max: u64,
    /// Maximum number of open connections per viewer; default 64.
    pub connections_per_viewer_max: usize,
    /// Maximum number of channels to which one connection may be subscribed; default 256.
    pub subscriptions_per_connection_max: usize,
    /// Group whose members may use the routes; staff may use the routes without it. Default: none, so
    /// every viewer may.
    pub required_group: Option<String>,
    /// Origins, such as `https://intranet.example`, whose pages may open connections and send forms, in
    /// addition to the application's own origin. Default: none.
    pub allowed_origins: Vec<String>,
    /// Hosts under which browsers reach the application, such as `app.example` (with any port), `app.example:8443`
    /// (only with this port) or `.app.example` (also with its subdomains). A request for another host gets 421. By
    /// default the list is empty, which permits every host; the first request for a host other than `localhost` then
    /// logs a warning. `*` permits every host without a warning, for an application behind a proxy that checks hosts.
    ///
    /// Without a list, DNS rebinding is possible: a page of another site whose name resolves to the address of the
    /// application can send requests as if it were a page of the application. Such requests carry no cookies of the
    /// application, so the attack concerns applications that identify users by their network or not at all.
    pub allowed_hosts: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mount: "/live".to_owned(),
            throttle_hz: 20.0,
            concurrency_max: 64,
            running_per_owner_max: None,
            waiting_per_owner_max: 1_000,
            queues: Vec::new(),
            poll_interval: Duration::from_secs(1),
            lease: Duration::from_secs(30),
            rescues_max: 3,
            hand_backs_max: 10,
            abort_grace: Duration::from_secs(5),
            stop_timeout: Duration::from_secs(10),
            hook_timeout: Duration::from_secs(30),
            include_htmx: true,
            keepalive: Duration::from_secs(25),
            stall_timeout: Duration::from_secs(30),
            input_bytes_max: 1 << 20,
            output_bytes_max: 1 << 20,
            log_lines_max: 100_000,
            log_bytes_max: 32 << 20,
            body_bytes_max: 1 << 20,
            upload_bytes_max: 32 << 20,
            upload_dir: None,
            upload_bytes_per_owner_max: 4 << 30,
            connections_per_viewer_max: 64,
            subscriptions_per_connection_max: 256,
            required_group: None,
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
        }
    }
}

/// The error for a setting with a value out of its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `{field}` to be {expected}, found {found}")]
pub(crate) struct ConfigError {
    pub(crate) field: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) found: String,
}

impl Config {
    /// Checks the bounds of every setting.
    ///
    /// # Errors
    ///
    /// Returns the first setting with a value out of its bounds.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let second = Duration::from_secs(1);
        let day = 86_400 * second;
        let mount_is_a_path =
            self.mount.is_empty() || (self.mount.starts_with('/') && !self.mount.ends_with('/'));
        check("mount", "empty or a path such as /live", &self.mount, mount_is_a_path)?;
        let hz = self.throttle_hz;
        check("throttle_hz", "from 0.1 to 1000", hz, (0.1..=1000.0).contains(&hz))?;
        let count = self.concurrency_max;
        check("concurrency_max", "at least 1", count, count >= 1)?;
        for (field, count) in [
            ("running_per_owner_max", self.running_of_owner_max()),
            ("waiting_per_owner_max", self.waiting_per_owner_max),
        ] {
            check(field, "at least 1", count, count >= 1)?;
        }
        let poll = self.poll_interval;
        let is_within = (Duration::from_millis(10)..=day).contains(&poll);
        check("poll_interval", "from 10 milliseconds to a day", Seconds(poll), is_within)?;
        let count = self.rescues_max;
        check("rescues_max", "at least 1", count, count >= 1)?;
        let count = self.hand_backs_max;
        check("hand_backs_max", "at least 1", count, count >= 1)?;
        let from_a_second = |field, found: Duration| {
            let is_within = (second..=day).contains(&found);
            check(field, "from a second to a day", Seconds(found), is_within)
        };
        from_a_second("lease", self.lease)?;
        let (lines, bytes) = (self.log_lines_max, self.log_bytes_max);
        check("log_lines_max", "at least 1000", lines, lines >= 1_000)?;
        check("log_bytes_max", "at least 1 MiB", bytes, bytes >= 1 << 20)?;
        let grace = self.abort_grace;
        check("abort_grace", "at most a day", Seconds(grace), grace <= day)?;
        from_a_second("stop_timeout", self.stop_timeout)?;
        from_a_second("hook_timeout", self.hook_timeout)?;
        from_a_second("keepalive", self.keepalive)?;
        from_a_second("stall_timeout", self.stall_timeout)?;
        self.allowed_hosts.iter().try_for_each(|host| {
            let expected = "hosts such as app.example, app.example:8443 or .app.example";
            check("allowed_hosts", expected, host, is_allowed_entry(host))
        })
    }
}

impl Config {
    /// Returns the maximum number of operations of one owner that this process runs at the same time.
    pub(crate) fn running_of_owner_max(&self) -> usize {
        let reserved = self.concurrency_max / 8;
        self.running_per_owner_max.unwrap_or(self.concurrency_max - reserved)
    }
}

/// Setters. Each setter takes the configuration and returns it with one setting changed.
impl Config {
    /// Sets [`mount`](Self::mount).
    #[must_use]
    pub fn with_mount(mut self, mount: impl Into<String>) -> Self {
        self.mount = mount.into();
        self
    }

    /// Sets [`throttle_hz`](Self::throttle_hz).
    #[must_use]
    pub fn with_throttle_hz(mut self, throttle_hz: f64) -> Self {
        self.throttle_hz = throttle_hz;
        self
    }

    /// Sets [`concurrency_max`](Self::concurrency_max).
    #[must_use]
    pub fn with_concurrency_max(mut self, concurrency_max: usize) -> Self {
        self.concurrency_max = concurrency_max;
        self
    }

    /// Sets [`running_per_owner_max`](Self::running_per_owner_max).
    #[must_use]
    pub fn with_running_per_owner_max(mut self, running_per_owner_max: usize) -> Self {
        self.running_per_owner_max = Some(running_per_owner_max);
        self
    }

    /// Sets [`waiting_per_owner_max`](Self::waiting_per_owner_max).
    #[must_use]
    pub fn with_waiting_per_owner_max(mut self, waiting_per_owner_max: usize) -> Self {
        self.waiting_per_owner_max = waiting_per_owner_max;
        self
    }

    /// Sets [`queues`](Self::queues).
    #[must_use]
    pub fn with_queues(mut self, queues: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.queues = queues.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`poll_interval`](Self::poll_interval).
    #[must_use]
    pub fn with_poll_interval(mut self, poll_interval: Duration) -> Self {
        self.poll_interval = poll_interval;
        self
    }

    /// Sets [`lease`](Self::lease).
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets [`rescues_max`](Self::rescues_max).
    #[must_use]
    pub fn with_rescues_max(mut self, rescues_max: u32) -> Self {
        self.rescues_max = rescues_max;
        self
    }

    /// Sets [`hand_backs_max`](Self::hand_backs_max).
    #[must_use]
    pub fn with_hand_backs_max(mut self, hand_backs_max: u32) -> Self {
        self.hand_backs_max = hand_backs_max;
        self
    }

    /// Sets [`abort_grace`](Self::abort_grace).
    #[must_use]
    pub fn with_abort_grace(mut self, abort_grace: Duration) -> Self {
        self.abort_grace = abort_grace;
        self
    }

    /// Sets [`stop_timeout`](Self::stop_timeout).
    #[must_use]
    pub fn with_stop_timeout(mut self, stop_timeout: Duration) -> Self {
        self.stop_timeout = stop_timeout;
        self
    }

    /// Sets [`hook_timeout`](Self::hook_timeout).
    #[must_use]
    pub fn with_hook_timeout(mut self, hook_timeout: Duration) -> Self {
        self.hook_timeout = hook_timeout;
        self
    }

    /// Sets [`include_htmx`](Self::include_htmx).
    #[must_use]
    pub fn with_htmx(mut self, include_htmx: bool) -> Self {
        self.include_htmx = include_htmx;
        self
    }

    /// Sets [`keepalive`](Self::keepalive).
    #[must_use]
    pub fn with_keepalive(mut self, keepalive: Duration) -> Self {
        self.keepalive = keepalive;
        self
    }

    /// Sets [`stall_timeout`](Self::stall_timeout).
    #[must_use]
    pub fn with_stall_timeout(mut self, stall_timeout: Duration) -> Self {
        self.stall_timeout = stall_timeout;
        self
    }

    /// Sets [`input_bytes_max`](Self::input_bytes_max).
    #[must_use]
    pub fn with_input_bytes_max(mut self, input_bytes_max: usize) -> Self {
        self.input_bytes_max = input_bytes_max;
        self
    }

    /// Sets [`output_bytes_max`](Self::output_bytes_max).
    #[must_use]
    pub fn with_output_bytes_max(mut self, output_bytes_max: usize) -> Self {
        self.output_bytes_max = output_bytes_max;
        self
    }

    /// Sets [`log_lines_max`](Self::log_lines_max).
    #[must_use]
    pub fn with_log_lines_max(mut self, log_lines_max: u64) -> Self {
        self.log_lines_max = log_lines_max;
        self
    }

    /// Sets [`log_bytes_max`](Self::log_bytes_max).
    #[must_use]
    pub fn with_log_bytes_max(mut self, log_bytes_max: u64) -> Self {
        self.log_bytes_max = log_bytes_max;
        self
    }

    /// Sets [`body_bytes_max`](Self::body_bytes_max).
    #[must_use]
    pub fn with_body_bytes_max(mut self, body_bytes_max: usize) -> Self {
        self.body_bytes_max = body_bytes_max;
        self
    }

    /// Sets [`upload_bytes_max`](Self::upload_bytes_max).
    #[must_use]
    pub fn with_upload_bytes_max(mut self, upload_bytes_max: usize) -> Self {
        self.upload_bytes_max = upload_bytes_max;
        self
    }

    /// Sets [`upload_dir`](Self::upload_dir).
    #[must_use]
    pub fn with_upload_dir(mut self, upload_dir: impl Into<PathBuf>) -> Self {
        self.upload_dir = Some(upload_dir.into());
        self
    }

    /// Sets [`upload_bytes_per_owner_max`](Self::upload_bytes_per_owner_max).
    #[must_use]
    pub fn with_upload_bytes_per_owner_max(mut self, upload_bytes_per_owner_max: u64) -> Self {
        self.upload_bytes_per_owner_max = upload_bytes_per_owner_max;
        self
    }

    /// Sets [`connections_per_viewer_max`](Self::connections_per_viewer_max).
    #[must_use]
    pub fn with_connections_per_viewer_max(mut self, connections_per_viewer_max: usize) -> Self {
        self.connections_per_viewer_max = connections_per_viewer_max;
        self
    }

    /// Sets [`subscriptions_per_connection_max`](Self::subscriptions_per_connection_max).
    #[must_use]
    pub fn with_subscriptions_per_connection_max(
        mut self,
        subscriptions_per_connection_max: usize,
    ) -> Self {
        self.subscriptions_per_connection_max = subscriptions_per_connection_max;
        self
    }

    /// Sets [`required_group`](Self::required_group).
    #[must_use]
    pub fn with_required_group(mut self, required_group: impl Into<String>) -> Self {
        self.required_group = Some(required_group.into());
        self
    }

    /// Sets [`allowed_origins`](Self::allowed_origins).
    #[must_use]
    pub fn with_allowed_origins(
        mut self,
        allowed_origins: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.allowed_origins = allowed_origins.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`allowed_hosts`](Self::allowed_hosts).
    #[must_use]
    pub fn with_allowed_hosts(
        mut self,
        allowed_hosts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.allowed_hosts = allowed_hosts.into_iter().map(Into::into).collect();
        self
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
    fn an_error_names_the_field_the_bounds_and_the_value() {
        let config = Config { throttle_hz: 0.0, ..Config::default() };
        assert_eq!(
            config.validate().unwrap_err().to_string(),
            "expected `throttle_hz` to be from 0.1 to 1000, found 0"
        );
        let config = Config { mount: "live/".to_owned(), ..Config::default() };
        assert!(config.validate().is_err());
    }

    #[test]
    fn every_duration_has_an_upper_bound() {
        type Set = fn(&mut Config, Duration);
        let durations: [(&str, Set); 6] = [
            ("poll_interval", |config, length| config.poll_interval = length),
            ("lease", |config, length| config.lease = length),
            ("abort_grace", |config, length| config.abort_grace = length),
            ("hook_timeout", |config, length| config.hook_timeout = length),
            ("keepalive", |config, length| config.keepalive = length),
            ("stall_timeout", |config, length| config.stall_timeout = length),
        ];
        const DAY: Duration = Duration::from_secs(86_400);
        for (field, set) in durations {
            for (length, is_valid) in
                [(DAY, true), (DAY + Duration::from_nanos(1), false), (Duration::MAX, false)]
            {
                let mut config = Config::default();
                set(&mut config, length);
                let refused = config.validate().err().map(|error| error.field);
                assert_eq!(refused, (!is_valid).then_some(field), "{length:?}");
            }
        }
    }
}
