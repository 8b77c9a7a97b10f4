use std::{io, net::SocketAddr};

use axum::Router;
use tokio::{net::TcpListener, task::JoinHandle};

/// An application that is served on a port of its own.
///
/// Dropped, it accepts nobody any more; what is already connected ends with the test's runtime.
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
    /// When there is none.
    pub async fn start(router: Router) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        Self::on(listener.expect("a machine has a free port"), router)
    }

    /// Serves `router` where a listener of one's own is.
    ///
    /// # Panics
    ///
    /// When the listener has no address.
    pub fn on(listener: TcpListener, router: Router) -> Self {
        let address = listener.local_addr().expect("a listener has an address");
        Self { address, accepting: tokio::spawn(accept(listener, router)) }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a path is, for a browser or an HTTP client.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where a path is, for a WebSocket.
    pub fn socket_url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let served: io::Result<()> = axum::serve(listener, router).await;
    served.expect("axum serves until it is dropped");
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
