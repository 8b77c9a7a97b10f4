//! The classification of failed requests: error answers of Redis and broken connections.
//!
//! The only file that reads the text of an error. [`Failure::of`] decides for every request and for the
//! subscription connection. A failure is logged with an advice, at most once a minute for each kind.

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use redis::{ErrorKind, RedisError};
use tokio::time::{Duration, Instant};

/// Minimum time between two log messages about failures of one kind.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// Beginnings of the messages with which a script reports a missing permission. Redis sends them with the code
/// `ERR`, where a command of its own has the code `NOPERM`.
const DENIED_IN_SCRIPT: [&str; 2] =
    ["The user executing the script can't", "ACL failure in script"];

/// The kind of a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Failure {
    /// No connection, or no answer in time.
    Unreachable,
    Moved,
    Ask,
    TryAgain,
    CrossSlot,
    ClusterDown,
    ReadOnly,
    MasterDown,
    Loading,
    Busy,
    NoReplicas,
    OutOfMemory,
    SavingFails,
    NotPermitted,
    NotAuthenticated,
    NoScript,
    /// Any other answer, such as a key of another type.
    Other,
}

/// The error codes of Redis and Valkey that mean more than a wrong command.
const CODES: [(&str, Failure); 16] = [
    ("MOVED", Failure::Moved),
    ("ASK", Failure::Ask),
    ("TRYAGAIN", Failure::TryAgain),
    ("CROSSSLOT", Failure::CrossSlot),
    ("CLUSTERDOWN", Failure::ClusterDown),
    ("READONLY", Failure::ReadOnly),
    ("MASTERDOWN", Failure::MasterDown),
    ("LOADING", Failure::Loading),
    ("BUSY", Failure::Busy),
    ("NOREPLICAS", Failure::NoReplicas),
    ("OOM", Failure::OutOfMemory),
    ("MISCONF", Failure::SavingFails),
    ("NOPERM", Failure::NotPermitted),
    ("NOAUTH", Failure::NotAuthenticated),
    ("WRONGPASS", Failure::NotAuthenticated),
    ("NOSCRIPT", Failure::NoScript),
];

impl Failure {
    pub(super) fn of(error: &RedisError) -> Self {
        match error.kind() {
            ErrorKind::AuthenticationFailed => return Self::NotAuthenticated,
            _ if error.code().is_none() => {
                let is_lost = error.is_io_error() || error.is_unrecoverable_error();
                let no_server = matches!(
                    error.kind(),
                    ErrorKind::ClusterConnectionNotFound | ErrorKind::MasterNameNotFoundBySentinel
                );
                return if is_lost || no_server { Self::Unreachable } else { Self::Other };
            }
            _ => {}
        }
        let code = error.code().unwrap_or_default();
        let detail = error.detail().unwrap_or_default();
        let of_code =
            |code: &str| CODES.iter().find(|(known, _)| *known == code).map(|(_, it)| *it);
        of_code(code)
            .or_else(|| {
                DENIED_IN_SCRIPT
                    .iter()
                    .any(|text| detail.contains(text))
                    .then_some(Self::NotPermitted)
            })
            .or_else(|| {
                // Redis 6.2 wraps the error of a command in a script:
                // `ERR Error running script (call to f_…): @user_script:1: -READONLY You can't …`.
                let is_wrapped = code == "ERR" && detail.starts_with("Error running script");
                let mut words = detail.split_whitespace().filter(|_| is_wrapped);
                words.find_map(|word| word.strip_prefix('-').and_then(of_code))
            })
            .unwrap_or(Self::Other)
    }

    /// Returns `true` if another connection may lead to a server that accepts the request: the connection
    /// is broken, or its server has another role than before.
    pub(super) fn breaks_connection(self) -> bool {
        match self {
            Self::Unreachable
            | Self::Moved
            | Self::ClusterDown
            | Self::ReadOnly
            | Self::MasterDown
            | Self::Loading
            | Self::NoReplicas
            | Self::NotAuthenticated => true,
            Self::Ask
            | Self::TryAgain
            | Self::CrossSlot
            | Self::Busy
            | Self::OutOfMemory
            | Self::SavingFails
            | Self::NotPermitted
            | Self::NoScript
            | Self::Other => false,
        }
    }

    /// Returns what an administrator can do about the failure.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Unreachable => "check the servers, the network and the URL",
            Self::Moved | Self::Ask | Self::CrossSlot => {
                "the server is a node of a Redis Cluster: use a URL that begins with `redis-cluster://`"
            }
            Self::TryAgain => "the cluster moves a slot; wait until it has",
            Self::ClusterDown => {
                "the cluster does not serve every slot; check `CLUSTER INFO` on its nodes"
            }
            Self::ReadOnly => {
                "the server is a replica: use the address of the master, Redis Sentinel or Redis Cluster"
            }
            Self::MasterDown => "the server is a replica without its master; check the replication",
            Self::Loading => "the server loads its data; wait until it has",
            Self::Busy => {
                "a script of another application blocks the server; end it with `SCRIPT KILL`"
            }
            Self::NoReplicas => {
                "the server has fewer replicas than `min-replicas-to-write`; check the replication"
            }
            Self::OutOfMemory => "raise `maxmemory`, or remove data of other applications",
            Self::SavingFails => {
                "the server cannot save its data; check its log and its disk, or switch off saving"
            }
            Self::NotPermitted => {
                "give the user the rights that the documentation of `RedisChannelLayer` lists"
            }
            Self::NotAuthenticated => "check user and password in the URL",
            Self::NoScript => {
                "the server forgot a script right after loading it; check for `SCRIPT FLUSH`"
            }
            Self::Other => "check that no other application uses the prefix of the keys",
        }
    }
}

/// An error with its advice, as the source of a [`ChannelError`](crate::channel::ChannelError).
#[derive(Debug)]
pub(super) struct AdvisedError(RedisError);

impl AdvisedError {
    pub(super) fn new(error: RedisError) -> Self {
        Self(error)
    }
}

impl fmt::Display for AdvisedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = Failure::of(&self.0);
        // The driver replaces the code of an answer by a name of its own, which is in no manual of Redis.
        let of_failure =
            || CODES.iter().find(|(_, known)| *known == failure).map(|(code, _)| *code);
        let answered = self.0.code().filter(|code| CODES.iter().any(|(known, _)| known == code));
        let code = answered.or_else(of_failure);
        match (code, self.0.detail()) {
            (Some(code), Some(detail)) => write!(f, "{code} {}; ", detail.trim_end())?,
            (Some(code), None) => write!(f, "{code}; ")?,
            (None, _) => write!(f, "{}; ", self.0)?,
        }
        f.write_str(failure.advice())
    }
}

impl Error for AdvisedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The log of failures, with a limited rate.
#[derive(Debug, Default)]
pub(super) struct FailureLog {
    warned: Mutex<HashMap<Failure, Instant>>,
    is_failing: AtomicBool,
}

impl FailureLog {
    /// Logs that Redis failed to `action`, unless a failure of the same kind was logged within the last minute.
    pub(super) fn failed(&self, action: &'static str, error: &RedisError) {
        let failure = Failure::of(error);
        let now = Instant::now();
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.get(&failure).is_some_and(|last| now < *last + WARN_INTERVAL) {
            return;
        }
        warned.insert(failure, now);
        drop(warned);
        self.is_failing.store(true, Ordering::Relaxed);
        let error = AdvisedError::new(error.clone());
        let error = &error as &dyn Error;
        tracing::warn!(
            error,
            ?failure,
            "Redis failed to {action}; runs continue, and pages show their rows until it succeeds"
        );
    }

    /// Logs that a write succeeded, if a failure was logged before.
    pub(super) fn written(&self) {
        if self.is_failing.load(Ordering::Relaxed) && self.is_failing.swap(false, Ordering::Relaxed)
        {
            tracing::info!("Redis accepts writes again");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redis::parse_redis_value;

    use super::*;

    fn answer(line: &str) -> RedisError {
        let line = format!("-{}\r\n", line.trim_end());
        parse_redis_value(line.as_bytes()).unwrap().extract_error().unwrap_err()
    }

    /// Answers of Redis 6.2 and 7.0 and of Valkey, to a command and to a script that runs the command.
    const ANSWERS: [(&str, Failure); 31] = [
        ("MOVED 12706 127.0.0.1:7001", Failure::Moved),
        ("ASK 12706 127.0.0.1:7001", Failure::Ask),
        ("TRYAGAIN Multiple keys request during rehashing of slot", Failure::TryAgain),
        ("CROSSSLOT Keys in request don't hash to the same slot", Failure::CrossSlot),
        ("CLUSTERDOWN Hash slot not served", Failure::ClusterDown),
        ("CLUSTERDOWN The cluster is down", Failure::ClusterDown),
        ("READONLY You can't write against a read only replica.", Failure::ReadOnly),
        (
            "READONLY You can't write against a read only replica. script: e2cd32, on @user_script:1.",
            Failure::ReadOnly,
        ),
        (
            "ERR Error running script (call to f_e2cd32): @user_script:1: @user_script: 1: -READONLY You \
             can't write against a read only replica.",
            Failure::ReadOnly,
        ),
        (
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            Failure::MasterDown,
        ),
        ("LOADING Redis is loading the dataset in memory", Failure::Loading),
        ("LOADING Valkey is loading the dataset in memory", Failure::Loading),
        (
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
            Failure::Busy,
        ),
        ("NOREPLICAS Not enough good replicas to write.", Failure::NoReplicas),
        (
            "NOREPLICAS Not enough good replicas to write. script: e2cd32, on @user_script:1.",
            Failure::NoReplicas,
        ),
        (
            "ERR Error running script (call to f_e2cd32): @user_script:1: -NOREPLICAS Not enough good replicas \
             to write.",
            Failure::NoReplicas,
        ),
        ("OOM command not allowed when used memory > 'maxmemory'.", Failure::OutOfMemory),
        (
            "OOM command not allowed when used memory > 'maxmemory'. script: e2cd32, on @user_script:1.",
            Failure::OutOfMemory,
        ),
        (
            "ERR Error running script (call to f_e2cd32): @user_script:1: @user_script: 1: -OOM command not \
             allowed when used memory > 'maxmemory'.",
            Failure::OutOfMemory,
        ),
        (
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. \
             Commands that may modify the data set are disabled, because this instance is configured to report \
             errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option).",
            Failure::SavingFails,
        ),
        ("MISCONF Errors writing to the AOF file: No space left on device", Failure::SavingFails),
        ("NOPERM this user has no permissions to run the 'eval' command", Failure::NotPermitted),
        (
            "NOPERM this user has no permissions to access one of the channels used as arguments",
            Failure::NotPermitted,
        ),
        ("NOPERM User live has no permissions to run the 'hset' command", Failure::NotPermitted),
        (
            "ERR The user executing the script can't run this command or subcommand script: e2cd32, on \
             @user_script:1.",
            Failure::NotPermitted,
        ),
        (
            "ERR Error running script (call to f_e2cd32): @user_script:1: @user_script: 1: The user executing \
             the script can't access at least one of the keys mentioned in the command arguments",
            Failure::NotPermitted,
        ),
        (
            "ERR ACL failure in script: User live has no permissions to run the 'hset' command script: e2cd32, \
             on @user_script:1.",
            Failure::NotPermitted,
        ),
        ("NOAUTH Authentication required.", Failure::NotAuthenticated),
        (
            "WRONGPASS invalid username-password pair or user is disabled.",
            Failure::NotAuthenticated,
        ),
        ("NOSCRIPT No matching script. Please use EVAL.", Failure::NoScript),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", Failure::Other),
    ];

    #[test]
    fn every_answer_of_a_server_has_its_kind() {
        for (line, expected) in ANSWERS {
            assert_eq!(Failure::of(&answer(line)), expected, "{line}");
        }
        for (code, expected) in CODES {
            assert_eq!(Failure::of(&answer(code)), expected, "{code} without a text");
            assert!(ANSWERS.iter().any(|(line, _)| line.starts_with(code)), "{code} is not tried");
        }
    }

    #[test]
    fn an_answer_is_shown_with_its_code_and_an_advice() {
        let shown = AdvisedError::new(answer("OOM command not allowed.")).to_string();
        assert_eq!(
            shown,
            "OOM command not allowed.; raise `maxmemory`, or remove data of other applications"
        );
        for (line, failure) in ANSWERS {
            let shown = AdvisedError::new(answer(line)).to_string();
            assert!(shown.ends_with(failure.advice()), "{shown}");
        }
    }

    #[test]
    fn a_broken_connection_is_unreachable() {
        use std::io::ErrorKind::{
            BrokenPipe, ConnectionRefused, ConnectionReset, TimedOut, UnexpectedEof,
        };
        for kind in [BrokenPipe, ConnectionRefused, ConnectionReset, TimedOut, UnexpectedEof] {
            let error = RedisError::from(std::io::Error::from(kind));
            assert_eq!(Failure::of(&error), Failure::Unreachable, "{kind:?}");
        }
        let none = RedisError::from((ErrorKind::ClusterConnectionNotFound, "No connections found"));
        assert_eq!(Failure::of(&none), Failure::Unreachable);
    }

    proptest! {
        /// A text that quotes a code, such as the name of a key, does not change the kind.
        #[test]
        fn the_code_decides_and_not_the_text(text in "[ -~]{0,80}", at in 0..CODES.len()) {
            let (code, expected) = CODES[at];
            prop_assert_eq!(Failure::of(&answer(&format!("{code} {text}"))), expected);
            let quoted = format!("WRONGTYPE -{code} {text}");
            prop_assert_eq!(Failure::of(&answer(&quoted)), Failure::Other);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_kind_is_logged_once_a_minute() {
        let log = FailureLog::default();
        let is_logged = |error: &RedisError| {
            log.is_failing.store(false, Ordering::Relaxed);
            log.failed("write", error);
            log.is_failing.load(Ordering::Relaxed)
        };
        let (oom, readonly) = (answer("OOM full"), answer("READONLY replica"));
        assert!(is_logged(&oom));
        assert!(!is_logged(&oom));
        assert!(is_logged(&readonly), "another kind");
        tokio::time::advance(WARN_INTERVAL).await;
        assert!(is_logged(&oom));
    }
}
