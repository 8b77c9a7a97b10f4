//! The request connection to Redis, its automatic reconnection, and the log of failed requests.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ScriptInvocation};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use super::{
    failure::{Failure, FailureLog},
    servers::{RequestConnection, Servers},
};
use crate::channel::reconnect_delays::reconnect_delays;

/// Time for which a request waits for a lost connection. Afterwards requests fail at once until a new
/// connection is up; a publisher keeps its newest state and publishes it later.
const RECONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Minimum age of a connection that is replaced because its server refuses requests. A server that refuses
/// every request is therefore connected to once in this time, and not once for each request.
const REFUSED_AGE_MIN: Duration = Duration::from_secs(1);

/// Minimum age of a connection to a cluster that is replaced. The client repairs its connections to single
/// nodes itself; a new one begins with the nodes of the URL.
const CLUSTER_AGE_MIN: Duration = Duration::from_secs(5);

/// The connection for requests. Concurrent requests share the connection, and each waits for its own answer
/// only.
#[derive(Debug, Clone)]
pub(super) struct RedisConnection {
    shared: Arc<SharedConnection>,
}

#[derive(Debug)]
struct SharedConnection {
    servers: Arc<Servers>,
    state: watch::Sender<ConnectionState>,
    log: FailureLog,
}

#[derive(Clone)]
enum ConnectionState {
    /// No request has been made yet.
    Unused,
    /// No connection since this time; a task is connecting.
    Down(Instant),
    Up(RequestConnection, Generation),
}

/// The number of a connection, and the time at which it was opened.
#[derive(Debug, Clone, Copy)]
struct Generation {
    number: u64,
    opened_on: Instant,
}

impl RedisConnection {
    pub(super) fn new(servers: Arc<Servers>) -> Self {
        Self {
            shared: Arc::new(SharedConnection {
                servers,
                state: watch::Sender::new(ConnectionState::Unused),
                log: FailureLog::default(),
            }),
        }
    }

    /// Runs a script that writes.
    pub(super) async fn write<T: FromRedisValue>(
        &self,
        action: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> RedisResult<T> {
        let answer = self.read(action, script).await?;
        self.shared.log.written();
        Ok(answer)
    }

    /// Runs a script that only reads.
    pub(super) async fn read<T: FromRedisValue>(
        &self,
        action: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> RedisResult<T> {
        let (mut connection, generation) = self.connection(action).await?;
        let answer = connection.invoke(script).await;
        self.check(action, answer, generation)
    }

    pub(super) async fn query<T: FromRedisValue>(
        &self,
        action: &'static str,
        command: &Cmd,
    ) -> RedisResult<T> {
        let (mut connection, generation) = self.connection(action).await?;
        let answer = connection.query(command).await;
        self.check(action, answer, generation)
    }

    /// Returns the number of the current connection.
    pub(super) fn number(&self) -> Option<u64> {
        self.shared.state.borrow().number()
    }

    /// Waits until there is a connection with another number.
    pub(super) async fn wait_for_another(&self, number: Option<u64>) {
        let mut state = self.shared.state.subscribe();
        let is_another = |state: &ConnectionState| {
            let current = state.number();
            current.is_some() && current != number
        };
        // Cannot fail: `self` holds the sender.
        let _ = state.wait_for(is_another).await;
    }

    /// Logs a failed request, and replaces the connection if another one may lead to a server that accepts the
    /// request. A connection that does not answer in time may never answer again.
    fn check<T>(
        &self,
        action: &'static str,
        answer: RedisResult<T>,
        Generation { number, opened_on }: Generation,
    ) -> RedisResult<T> {
        let Err(error) = &answer else { return answer };
        self.shared.log.failed(action, error);
        let failure = Failure::of(error);
        let age_min = match failure {
            _ if self.shared.servers.is_cluster() => CLUSTER_AGE_MIN,
            Failure::Unreachable => Duration::ZERO,
            _ => REFUSED_AGE_MIN,
        };
        if failure.breaks_connection() && opened_on.elapsed() >= age_min {
            let is_current = |state: &ConnectionState| matches!(state, ConnectionState::Up(_, it) if it.number == number);
            self.connect_if(is_current, number + 1);
        }
        answer
    }

    async fn connection(
        &self,
        action: &'static str,
    ) -> RedisResult<(RequestConnection, Generation)> {
        self.connect_if(|state| matches!(state, ConnectionState::Unused), 0);
        let mut state = self.shared.state.subscribe();
        loop {
            let since = match &*state.borrow_and_update() {
                ConnectionState::Up(connection, generation) => {
                    return Ok((connection.clone(), *generation));
                }
                ConnectionState::Down(since) => *since,
                ConnectionState::Unused => Instant::now(),
            };
            if time::timeout_at(since + RECONNECT_TIMEOUT, state.changed()).await.is_err() {
                let error = RedisError::from((ErrorKind::Io, "no connection to Redis"));
                self.shared.log.failed(action, &error);
                return Err(error);
            }
        }
    }

    /// Starts a task that connects, if the state satisfies `holds`.
    fn connect_if(&self, holds: impl FnOnce(&ConnectionState) -> bool, number: u64) {
        let is_mine = self.shared.state.send_if_modified(|state| {
            let holds = holds(state);
            if holds {
                *state = ConnectionState::Down(Instant::now());
            }
            holds
        });
        if is_mine {
            tokio::spawn(connect(Arc::downgrade(&self.shared), number));
        }
    }
}

/// Connects, with as many attempts as needed. Ends when every [`RedisConnection`] was dropped.
async fn connect(link: Weak<SharedConnection>, number: u64) {
    for pause in reconnect_delays() {
        let Some(servers) = link.upgrade().map(|link| link.servers.clone()) else { return };
        match servers.connect().await {
            Ok(connection) => {
                if let Some(link) = link.upgrade() {
                    let generation = Generation { number, opened_on: Instant::now() };
                    link.state.send_replace(ConnectionState::Up(connection, generation));
                }
                return;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "could not connect to Redis; trying again in {pause:?}");
            }
        }
        time::sleep(pause).await;
    }
}

impl ConnectionState {
    fn number(&self) -> Option<u64> {
        match self {
            Self::Up(_, generation) => Some(generation.number),
            Self::Unused | Self::Down(_) => None,
        }
    }
}

impl std::fmt::Debug for ConnectionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unused => f.write_str("Unused"),
            Self::Down(since) => f.debug_tuple("Down").field(since).finish(),
            Self::Up(_, generation) => f.debug_tuple("Up").field(generation).finish(),
        }
    }
}
