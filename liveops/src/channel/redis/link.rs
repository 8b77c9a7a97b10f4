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

use crate::channel::pauses::reconnect_delays;

/// How long the server may take to accept a connection, and to answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection that broke is waited for. After that, whatever is asked fails at once until
/// there is one: whoever publishes keeps what it has to say, and says the newest of it later.
const RECONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The connection over which everything is asked: requests share it, and wait for their answers only.
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
    /// Nothing was asked so far.
    Unused,
    /// There is none, since then; somebody is connecting.
    Down(Instant),
    /// The connection, and which one it is.
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

    /// Replaces a connection that broke, or that does not answer: it may never do so again.
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
                let error = (ErrorKind::Io, "there is no connection to Redis");
                return Err(RedisError::from(error));
            }
        }
    }

    /// Has a new connection made, if the state is such.
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

/// Tries until there is a connection, or nobody is left who wants one.
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
                tracing::warn!(error, ?pause, "no connection to Redis");
            }
        }
        time::sleep(pause).await;
    }
}
