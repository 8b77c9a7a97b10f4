use std::net::{Ipv4Addr, SocketAddr};

use liveops::{ChannelName, OperationId, UserId};

use crate::{Outcome, live};

pub(crate) const VIEWER: &str = "ann";
pub(crate) const SOCKET_PATH: &str = "/live/ws";

/// The address for clients, and their first message. The bare server gets the same token, and ignores
/// the token.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    port: u16,
    token: String,
}

impl Target {
    pub(crate) fn new(port: u16, operation: OperationId) -> Outcome<Self> {
        let token =
            live::keys()?.sign(&UserId::from(VIEWER), &ChannelName::operation(operation))?;
        Ok(Self { port, token: token.as_str().to_owned() })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}{SOCKET_PATH}", self.address())
    }

    /// What a client says that has nothing.
    pub(crate) fn subscribe(&self) -> String {
        format!(r#"{{"type":"subscribe","token":"{}"}}"#, self.token)
    }

    /// What one says that has come to `cursor`.
    pub(crate) fn subscribe_since(&self, cursor: &str) -> String {
        format!(r#"{{"type":"subscribe","token":"{}","since":"{cursor}"}}"#, self.token)
    }
}
