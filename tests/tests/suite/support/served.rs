//! The application of the tests, served, with keys that the test knows.

use liveops::{
    ChannelName, Config, OperationId, SigningKeys, UserId,
    channel::{ChannelLayer, MemoryChannelLayer},
    runner::Builder,
    testing::{Server, Socket},
};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::app::{Gate, TestApp};

pub(crate) const SECRET: &str = "a secret of exactly thirty-two b";

pub(crate) struct Served {
    pub(crate) app: TestApp,
    pub(crate) server: Server,
    pub(crate) keys: SigningKeys,
}

impl Served {
    pub(crate) async fn start() -> Self {
        Self::with(Config::default(), MemoryChannelLayer::new()).await
    }

    pub(crate) async fn with(config: Config, layer: impl ChannelLayer) -> Self {
        Self::build(config, |builder| builder.channel_layer(layer)).await
    }

    pub(crate) async fn signing(keys: SigningKeys) -> Self {
        Self::assemble(Config::default(), keys, |builder| builder).await
    }

    pub(crate) async fn build(
        config: Config,
        change: impl FnOnce(Builder<Gate>) -> Builder<Gate>,
    ) -> Self {
        Self::assemble(config, SigningKeys::new([SECRET]).unwrap(), change).await
    }

    async fn assemble(
        mut config: Config,
        keys: SigningKeys,
        change: impl FnOnce(Builder<Gate>) -> Builder<Gate>,
    ) -> Self {
        config.throttle_hz = 1_000.0;
        let app =
            TestApp::with(|builder| change(builder.config(config).signing_keys(keys.clone())))
                .await;
        let server = Server::start(app.router.clone()).await;
        Self { app, server, keys }
    }

    /// Behind a network that takes next to nothing that the other side does not read.
    pub(crate) async fn with_small_buffers(config: Config) -> Self {
        let served = Self::with(config, MemoryChannelLayer::new()).await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(16 << 10).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(1_024).unwrap();
        let server = Server::on(listener, served.app.router.clone());
        Self { server, ..served }
    }

    pub(crate) async fn connect(&self) -> Socket {
        Socket::connect(&self.server.socket_url("/live/ws"), &[]).await
    }

    pub(crate) fn token(&self, viewer: &str, channel: &ChannelName) -> String {
        self.keys.sign(&UserId::from(viewer), channel).unwrap().as_str().to_owned()
    }

    /// Subscribes as ann, who owns the operation.
    pub(crate) async fn follow(&self, socket: &mut Socket, id: OperationId, since: Option<&str>) {
        let token = self.token("ann", &ChannelName::operation(id));
        socket.send(&json!({ "type": "subscribe", "token": token, "since": since })).await;
    }
}

pub(crate) fn is_subscribed(message: &Value) -> bool {
    message["type"] == "subscribed"
}

pub(crate) fn html(message: &Value) -> &str {
    message["liveop_html"].as_str().unwrap_or_default()
}

/// Everything up to and including the first message that `ends` it.
#[track_caller]
pub(crate) fn until(
    socket: &mut Socket,
    ends: impl Fn(&Value) -> bool,
) -> impl Future<Output = Vec<Value>> {
    socket.until("the last message of these", ends)
}
