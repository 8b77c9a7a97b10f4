//! An HTTP server with timeouts and a maximum number of connections.
//!
//! hyper reads requests and writes answers. This folder adds the limits that hyper and axum leave to the application.
//! `connection` serves one connection, `activity` records the phase of a connection, and `waiting` lists the
//! connections that wait for their clients. `timed_io` and `timed_body` are the timeouts of a socket and of a body, and
//! `allowance` measures their time. `limit` determines the default number of connections.

mod activity;
mod allowance;
mod connection;
mod limit;
#[cfg(test)]
mod tests;
mod timed_body;
mod timed_io;
mod waiting;

use std::{fmt, future, io, sync::Arc, time::Duration};

use axum::Router;
use futures_util::future::BoxFuture;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{self, Instant},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{connection::Connection, waiting::WaitingConnections};
use crate::rate_limit::RateLimit;

/// Maximum number of warnings about refused connections per second: one a minute.
const WARNINGS_PER_SECOND_MAX: f64 = 1.0 / 60.0;

/// Pause after the system refused a new connection, for example because the process has too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Number of connections without a request that the server closes if the system refuses a new connection.
const CLOSED_AFTER_REFUSAL: usize = 16;

/// Serves `router` on `listener`, with timeouts and a maximum number of connections.
///
/// [`axum::serve()`] has no timeouts. A client that sends half a request, or that does not read its answer, occupies a
/// socket for as long as the client wants. A few thousand such clients make the process unreachable for all others.
/// This server closes such connections. See [`Serve`] for the limits and their defaults.
///
/// The server speaks HTTP/1.1, without TLS. It sets `TCP_NODELAY`, because updates are small and must not wait
/// for the acknowledgement of the previous one. Handlers find the address of the client in
/// [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo).
///
/// ```no_run
/// use axum::Router;
/// use liveops::web;
/// use tokio::net::TcpListener;
///
/// # async fn interrupted() {}
/// # async fn serve(app: Router) -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:3000").await?;
/// web::serve(listener, app).with_graceful_shutdown(interrupted()).await
/// # }
/// ```
pub fn serve(listener: TcpListener, router: Router) -> Serve {
    Serve {
        listener,
        router,
        timeouts: Timeouts::default(),
        connections_max: limit::connections_max(),
        stop: Box::pin(future::pending()),
    }
}

/// A server with its limits; [`serve`] returns it. Await it to serve.
///
/// | limit | default | setter |
/// |---|---|---|
/// | time for the header of a request, from its first byte, or from the start of the connection | 15 s | [`header_timeout`](Self::header_timeout) |
/// | time for which a request may wait for its body | 15 s, and 1 s for each 500 bytes | [`body_timeout`](Self::body_timeout) |
/// | time for which an answer may wait for its client to read | 30 s, and 1 s for each 500 bytes | [`write_timeout`](Self::write_timeout) |
/// | time between two requests on a connection | 75 s | [`idle_timeout`](Self::idle_timeout) |
/// | time for open requests after the end of the server | 40 s | [`stop_timeout`](Self::stop_timeout) |
/// | open connections | three quarters of the limit of open files | [`connections_max`](Self::connections_max) |
///
/// A timeout ends the connection. If the body of a request does not arrive in time, the server answers with 408 first.
/// No timeout limits the time that a handler takes or the duration of an answer, so event streams and large downloads
/// last as long as the client reads. A WebSocket has timeouts of its own:
/// [`Config::keepalive`](crate::Config::keepalive) and [`Config::stall_timeout`](crate::Config::stall_timeout).
///
/// # Too many connections
///
/// At [`connections_max`](Self::connections_max), a new connection replaces the connection that has waited longest for
/// a request or for the rest of a body, so clients that send half a request cannot exclude others. If every connection
/// has a whole request, new connections wait in the queue of the system until one has ended.
///
/// # Cancel safety
///
/// If the future is dropped, the server accepts no more connections. Requests in progress continue.
#[must_use = "a server serves only when it is awaited"]
pub struct Serve {
    listener: TcpListener,
    router: Router,
    timeouts: Timeouts,
    connections_max: usize,
    stop: BoxFuture<'static, ()>,
}

/// The timeouts of every connection.
#[derive(Debug, Clone, Copy)]
struct Timeouts {
    header: Duration,
    body: Duration,
    write: Duration,
    idle: Duration,
    stop: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(15),
            body: Duration::from_secs(15),
            write: Duration::from_secs(30),
            // Longer than proxies keep idle connections (60 s in nginx and in the balancers of AWS): a proxy
            // that sends a request over a connection that the server closes answers with an error.
            idle: Duration::from_secs(75),
            // Longer than `LiveOps::shutdown` with 25 seconds of grace, which ends the event streams last.
            stop: Duration::from_secs(40),
        }
    }
}

impl Serve {
    /// Sets the maximum time between the first byte of a request and the end of its header; default 15 seconds.
    /// For the first request of a connection the time begins with the connection.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.header = timeout;
        self
    }

    /// Sets the maximum time for which a handler waits for the body of a request; default 15 seconds. Each 500 bytes
    /// that arrive add one second, up to the whole time. A slower request gets 408.
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.body = timeout;
        self
    }

    /// Sets the maximum time for which an answer waits until its client reads; default 30 seconds. Each
    /// 500 bytes that the client takes add one second, up to the whole time. Afterwards the connection is
    /// closed. WebSockets are excepted.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.write = timeout;
        self
    }

    /// Sets the maximum time between two requests on one connection; default 75 seconds. The time must be longer than
    /// the time for which a proxy in front of the server keeps idle connections.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.idle = timeout;
        self
    }

    /// Sets the maximum time for which the server waits for open requests after
    /// [`with_graceful_shutdown`](Self::with_graceful_shutdown) has ended it; default 40 seconds. Then it closes their
    /// connections: a client that sends or reads as slowly as the other timeouts allow would otherwise keep the
    /// process from ending.
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.stop = timeout;
        self
    }

    /// Sets the maximum number of open connections, at least 1. WebSockets and event streams count. The default
    /// is three quarters of the number of files that the process may open (`ulimit -n`) when [`serve`] is called,
    /// and 65,536 without such a limit.
    pub fn connections_max(mut self, connections_max: usize) -> Self {
        self.connections_max = connections_max.max(1);
        self
    }

    /// Sets the future that ends the server. When the future is ready, the server accepts no more connections, closes
    /// idle connections, and ends after the last request, or after the [`stop_timeout`](Self::stop_timeout). Event
    /// streams do not end by themselves: call [`LiveOps::shutdown`](crate::LiveOps::shutdown) at the same time.
    pub fn with_graceful_shutdown(
        mut self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.stop = Box::pin(stop);
        self
    }

    async fn run(self) {
        let Self { listener, router, timeouts, connections_max, mut stop } = self;
        let mut acceptor = Acceptor::new(listener, connections_max);
        let (stopping, stopped) = (CancellationToken::new(), CancellationToken::new());
        let connections = TaskTracker::new();
        loop {
            let (stream, permit) = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = acceptor.accept() => accepted,
            };
            let connection = Connection {
                stream,
                permit,
                router: router.clone(),
                timeouts,
                waiting: acceptor.waiting.clone(),
            };
            let stopped = stopped.clone();
            let served = connection.serve(stopping.clone());
            // Dropping the future closes the connection.
            connections.spawn(async move { stopped.run_until_cancelled(served).await });
        }
        // Closes the listener before the requests have ended, so that the next process can listen on the address.
        drop(acceptor);
        stopping.cancel();
        connections.close();
        if time::timeout(timeouts.stop, connections.wait()).await.is_err() {
            tracing::warn!(
                requests = connections.len(),
                "some requests did not end within {:?} of the end of the server; closing their connections",
                timeouts.stop
            );
            stopped.cancel();
            connections.wait().await;
        }
    }
}

impl IntoFuture for Serve {
    type Output = io::Result<()>;
    type IntoFuture = BoxFuture<'static, io::Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            self.run().await;
            Ok(())
        })
    }
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("timeouts", &self.timeouts)
            .field("connections_max", &self.connections_max)
            .finish_non_exhaustive()
    }
}

/// The listener, with a permit for each of its connections.
struct Acceptor {
    listener: TcpListener,
    permits: Arc<Semaphore>,
    waiting: Arc<WaitingConnections>,
    warnings: RateLimit,
}

impl Acceptor {
    fn new(listener: TcpListener, connections_max: usize) -> Self {
        let permits = connections_max.min(Semaphore::MAX_PERMITS);
        Self {
            listener,
            permits: Arc::new(Semaphore::new(permits)),
            waiting: Arc::new(WaitingConnections::default()),
            warnings: RateLimit::new(WARNINGS_PER_SECOND_MAX, 1, Instant::now()),
        }
    }

    async fn accept(&mut self) -> (TcpStream, OwnedSemaphorePermit) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let permit = self.make_room().await;
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(
                            %error,
                            "could not set TCP_NODELAY on a connection; updates may arrive late"
                        );
                    }
                    return (stream, permit);
                }
                // The client has left before the server accepted the connection.
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    if self.may_warn() {
                        tracing::warn!(
                            %error,
                            "could not accept a connection; closing connections without a request"
                        );
                    }
                    for _ in 0..CLOSED_AFTER_REFUSAL {
                        self.waiting.close_oldest();
                    }
                    time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Waits for a permit for a connection. If no permit is free, closes the connection that has waited longest for a
    /// request.
    async fn make_room(&mut self) -> OwnedSemaphorePermit {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return permit;
        }
        let closed = self.waiting.close_oldest();
        if !closed && self.may_warn() {
            tracing::warn!(
                "the server has the maximum number of connections, and each has a request; new connections wait \
                 until one ends"
            );
        }
        let mut permit = std::pin::pin!(self.permits.clone().acquire_owned());
        loop {
            tokio::select! {
                permit = &mut permit => return permit.expect("the semaphore is never closed"),
                () = self.waiting.arrived(), if !closed => {
                    self.waiting.close_oldest();
                }
            }
        }
    }

    /// Limits the warnings: a server without free permits would log one for each new connection.
    fn may_warn(&mut self) -> bool {
        self.warnings.try_count(Instant::now())
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
