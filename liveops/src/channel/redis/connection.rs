//! The multiplexed request connection to Redis, and its automatic reconnection.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult,
    ScriptInvocation, aio::MultiplexedConnection,
};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::channel::reconnect_delays::reconnect_delays;

/// Timeout for connecting to the server, and for each answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

/// Time for which a request waits for a lost connection. Afterwards requests fail at once until a new
/// connection is up; a publisher keeps its newest state and publishes it later.
const RECONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The connection for requests. Concurrent requests share the connection, and each waits for its own answer
/// only.
#[derive(Debug, Clone)]
pub(super) struct RedisConnection {
    shared: Arc<SharedConnection>,
}

#[derive(Debug)]
struct SharedConnection {
    client: Client,
    state: watch::Sender<ConnectionState>,
}

#[derive(Debug, Clone)]
enum ConnectionState {
    /// No request has been made yet.
    Unused,
    /// No connection since this time; a task is connecting.
    Down(Instant),
    /// The connection, and its number.
    Up(MultiplexedConnection, u64),
}

impl RedisConnection {
    pub(super) fn new(client: Client) -> Self {
        Self {
            shared: Arc::new(SharedConnection {
                client,
                state: watch::Sender::new(ConnectionState::Unused),
            }),
        }
    }

    pub(super) async fn invoke<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> RedisResult<T> {
        let (mut connection, number) = self.connection().await?;
        let answer = script.invoke_async(&mut connection).await;
        self.reconnect_on_error(answer, number)
    }

    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let (mut connection, number) = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        self.reconnect_on_error(answer, number)
    }

    /// Replaces a connection that is broken or does not answer in time: such a connection may never answer
    /// again.
    fn reconnect_on_error<T>(&self, answer: RedisResult<T>, number: u64) -> RedisResult<T> {
        if answer.as_ref().is_err_and(|error| error.is_io_error() || error.is_unrecoverable_error())
        {
            let is_current = |state: &ConnectionState| matches!(state, ConnectionState::Up(_, n) if *n == number);
            self.connect_if(is_current, number + 1);
        }
        answer
    }

    async fn connection(&self) -> RedisResult<(MultiplexedConnection, u64)> {
        self.connect_if(|state| matches!(state, ConnectionState::Unused), 0);
        let mut state = self.shared.state.subscribe();
        loop {
            let since = match &*state.borrow_and_update() {
                ConnectionState::Up(connection, number) => {
                    return Ok((connection.clone(), *number));
                }
                ConnectionState::Down(since) => *since,
                ConnectionState::Unused => Instant::now(),
            };
            if time::timeout_at(since + RECONNECT_TIMEOUT, state.changed()).await.is_err() {
                let error = (ErrorKind::Io, "no connection to Redis");
                return Err(RedisError::from(error));
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
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT));
    for pause in reconnect_delays() {
        let Some(client) = link.upgrade().map(|link| link.client.clone()) else { return };
        match client.get_multiplexed_async_connection_with_config(&config).await {
            Ok(connection) => {
                if let Some(link) = link.upgrade() {
                    link.state.send_replace(ConnectionState::Up(connection, number));
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
