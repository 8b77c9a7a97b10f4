use std::net::SocketAddr;

use axum::Router;
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinHandle,
};

/// An application served on a port of its own.
///
/// Dropped, it accepts nobody any more; what is already connected ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(router: Router) -> Self {
        Self::on(TcpListener::bind(("127.0.0.1", 0)).await.unwrap(), router)
    }

    /// Keeps no more than about this many bytes that are on their way to a client.
    pub(crate) async fn with_send_buffer(router: Router, bytes: u32) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(bytes).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self::on(socket.listen(1_024).unwrap(), router)
    }

    fn on(listener: TcpListener, router: Router) -> Self {
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { address, accepting }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a path is, for a browser or an HTTP client.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where a path is, for a WebSocket.
    pub(crate) fn socket_url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
