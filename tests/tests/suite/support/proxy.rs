use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// The network between a client and a server, which can fail in every way networks do.
///
/// Dropped, it accepts nobody any more; what is already connected ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    network: watch::Sender<Network>,
    /// How many bytes were swallowed so far.
    swallowed: watch::Sender<u64>,
    /// How often somebody hung up and the other side did not hear it.
    unheard: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy)]
struct Network {
    server: SocketAddr,
    traffic: Traffic,
    /// How often everything was cut: a connection ends when there has been one more cut.
    cuts: u64,
    /// How often the network forgot its connections: one that is older than that delivers nothing.
    losses: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Traffic {
    Forwarded,
    Swallowed,
    Refused,
}

impl Proxy {
    /// Forwards to the server at this address.
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (network, changes) =
            watch::channel(Network { server, traffic: Traffic::Forwarded, cuts: 0, losses: 0 });
        let (swallowed, unheard) = (watch::Sender::new(0), watch::Sender::new(0));
        let line =
            Line { network: changes, swallowed: swallowed.clone(), unheard: unheard.clone() };
        let accepting = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(line.clone().connect(client));
            }
        });
        Self { address, network, swallowed, unheard, accepting }
    }

    /// Everything arrives.
    ///
    /// A connection some of whose bytes were swallowed is closed now: to go on would leave a hole
    /// in it, and a real host has forgotten it by then.
    pub(crate) fn forward(&self) {
        self.network.send_modify(|network| network.traffic = Traffic::Forwarded);
    }

    /// Accepts everything and delivers nothing, not even that somebody has gone.
    pub(crate) fn swallow(&self) {
        self.network.send_modify(|network| network.traffic = Traffic::Swallowed);
    }

    /// Forgets every connection without telling either side, as a router does that was exchanged:
    /// what they send is swallowed until they are cut. New connections are forwarded.
    pub(crate) fn forget_connections(&self) {
        self.network.send_modify(|network| network.losses += 1);
    }

    /// Waits until so many bytes were swallowed since the beginning.
    pub(crate) async fn has_swallowed(&self, bytes: u64) {
        let mut swallowed = self.swallowed.subscribe();
        swallowed.wait_for(|swallowed| *swallowed >= bytes).await.unwrap();
    }

    /// Waits until so many sides of connections have hung up without being heard.
    pub(crate) async fn has_hung_up(&self, sides: u64) {
        let mut unheard = self.unheard.subscribe();
        unheard.wait_for(|unheard| *unheard >= sides).await.unwrap();
    }

    /// Closes every connection, and those to come at once.
    pub(crate) fn cut(&self) {
        self.network.send_modify(|network| {
            network.traffic = Traffic::Refused;
            network.cuts += 1;
        });
    }

    /// Closes new connections at once. The others stay.
    pub(crate) fn refuse_new(&self) {
        self.network.send_modify(|network| network.traffic = Traffic::Refused);
    }

    /// Takes connections from now on to another server, such as one that was started anew.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.network.send_modify(|network| network.server = server);
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a path is, for a browser or an HTTP client.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where the database at `url` is.
    pub(crate) fn database_url(&self, url: &str) -> String {
        let mut url = url::Url::parse(url).unwrap();
        url.set_ip_host(self.address.ip()).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    /// Where a Redis server is.
    pub(crate) fn redis_url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    /// Where a path is, for a WebSocket.
    pub(crate) fn socket_url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What every connection goes through.
#[derive(Debug, Clone)]
struct Line {
    network: watch::Receiver<Network>,
    swallowed: watch::Sender<u64>,
    unheard: watch::Sender<u64>,
}

impl Line {
    async fn connect(self, client: TcpStream) {
        let Network { server, traffic, cuts, losses } = *self.network.borrow();
        let mut network = self.network.clone();
        let carry = async {
            match traffic {
                Traffic::Refused => {}
                Traffic::Swallowed => self.swallow(client).await,
                Traffic::Forwarded => self.forward(client, server, losses).await,
            }
        };
        tokio::select! {
            () = carry => {}
            _ = network.wait_for(|network| network.cuts != cuts) => {}
        }
    }

    async fn forward(&self, client: TcpStream, server: SocketAddr, losses: u64) {
        let Ok(server) = TcpStream::connect(server).await else { return };
        // Messages are small, and a browser does not keep them back to send more at once either.
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            () = self.flow(from_client, to_server, losses) => {}
            () = self.flow(from_server, to_client, losses) => {}
        }
    }

    /// One direction, until the whole connection shall end.
    async fn flow(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, losses: u64) {
        let mut bytes = [0; 8 << 10];
        loop {
            let read = from.read(&mut bytes).await.unwrap_or(0);
            if self.network.borrow().losses != losses {
                self.has_swallowed(read);
                return self.swallow_all(from).await;
            }
            if self.network.borrow().traffic == Traffic::Swallowed {
                self.has_swallowed(read);
                return self.swallow(from).await;
            }
            if read == 0 || to.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    }

    /// Takes whatever comes, until something else happens to the traffic.
    async fn swallow(&self, mut from: impl AsyncReadExt + Unpin) {
        let mut network = self.network.clone();
        tokio::select! {
            () = self.swallow_all(&mut from) => {}
            _ = network.wait_for(|network| network.traffic != Traffic::Swallowed) => {}
        }
    }

    /// Takes whatever comes, for ever.
    async fn swallow_all(&self, mut from: impl AsyncReadExt + Unpin) {
        let mut bytes = [0; 8 << 10];
        while let Ok(read @ 1..) = from.read(&mut bytes).await {
            self.has_swallowed(read);
        }
        self.unheard.send_modify(|unheard| *unheard += 1);
        std::future::pending::<()>().await;
    }

    fn has_swallowed(&self, bytes: usize) {
        self.swallowed.send_modify(|swallowed| *swallowed += bytes as u64);
    }
}
