//! A server for tests, on a port of its own.

use std::{io, net::SocketAddr};

use axum::Router;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::web;

/// A server for a router on a port of its own.
///
/// ```
/// use axum::{Router, http::StatusCode};
/// use liveops::testing::{Server, Socket};
///
/// # #[tokio::main]
/// # async fn main() {
/// // A router without the routes of liveops.
/// let server = Server::start(Router::new()).await;
/// assert_eq!(server.url("/live/"), format!("http://{}/live/", server.address()));
/// let refused = Socket::try_connect(&server.socket_url("/live/ws"), &[]).await;
/// assert_eq!(refused.unwrap_err(), StatusCode::NOT_FOUND);
/// # }
/// ```
///
/// A dropped server accepts no new connections. Open connections end with the runtime of the test.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves `router` on a free port of this machine.
    ///
    /// # Panics
    ///
    /// Panics if no port is free.
    pub async fn start(router: Router) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        Self::on(listener.expect("a machine has a free port"), router)
    }

    /// Serves `router` on an existing listener.
    ///
    /// # Panics
    ///
    /// Panics if the listener has no local address, or outside of a tokio runtime.
    pub fn on(listener: TcpListener, router: Router) -> Self {
        let address = listener.local_addr().expect("a listener has an address");
        Self { address, accepting: tokio::spawn(accept(listener, router)) }
    }

    /// Returns the address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of a path, for HTTP.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the URL of a path, for a WebSocket.
    pub fn socket_url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let served: io::Result<()> = web::serve(listener, router).await;
    served.expect("the server serves until it is dropped");
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
