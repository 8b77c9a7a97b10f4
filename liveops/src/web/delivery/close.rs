//! The codes and reasons with which the server closes a connection.

use std::error::Error as StdError;

use crate::{channel::ChannelError, runner::Dismissal, store::StoreError, token::TokenError};

/// The reason to close a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) struct Close {
    pub(in crate::web) code: u16,
    pub(in crate::web) reason: &'static str,
    /// If `true`, the client receives the reason in a message too: browsers hide the close frame of a refused
    /// connection from scripts.
    pub(in crate::web) sends_message: bool,
}

impl Close {
    pub(in crate::web) const GONE: Self = Self::without_message(1000, "connection closed");
    pub(in crate::web) const BAD_MESSAGE: Self = Self::without_message(1008, "bad message");
    pub(in crate::web) const TOO_BIG: Self = Self::without_message(1009, "message too big");
    pub(in crate::web) const FAILED: Self =
        Self::without_message(1011, "something went wrong on the server");
    pub(in crate::web) const RESTARTING: Self = Self::without_message(1012, "restarting");
    pub(in crate::web) const TOO_SLOW: Self = Self::without_message(4008, "too slow");
    pub(in crate::web) const NO_ANSWER: Self = Self::without_message(4008, "no answer in time");
    pub(in crate::web) const TOKEN: Self = Self::with_message(4401, "token invalid or expired");
    pub(in crate::web) const DISCONNECTED: Self =
        Self::with_message(4401, "disconnected by the application");
    pub(in crate::web) const NOT_ALLOWED: Self = Self::with_message(4403, "not allowed");
    pub(in crate::web) const NOTHING_SUBSCRIBED: Self =
        Self::with_message(4408, "nothing subscribed in time");
    pub(in crate::web) const TOO_MANY_CONNECTIONS: Self =
        Self::with_message(4429, "too many connections");
    pub(in crate::web) const TOO_MANY_SUBSCRIPTIONS: Self =
        Self::with_message(4429, "too many subscriptions");
    pub(in crate::web) const TOO_MANY_MESSAGES: Self =
        Self::with_message(4429, "too many messages");

    const fn without_message(code: u16, reason: &'static str) -> Self {
        Self { code, reason, sends_message: false }
    }

    const fn with_message(code: u16, reason: &'static str) -> Self {
        Self { code, reason, sends_message: true }
    }
}

impl From<Dismissal> for Close {
    fn from(dismissal: Dismissal) -> Self {
        match dismissal {
            Dismissal::Restart => Self::RESTARTING,
            Dismissal::Disconnected => Self::DISCONNECTED,
        }
    }
}

impl From<ChannelError> for Close {
    fn from(error: ChannelError) -> Self {
        tracing::warn!(
            error = &error as &dyn StdError,
            "could not subscribe to a channel; closing the connection, the client reconnects"
        );
        Self::FAILED
    }
}

impl From<StoreError> for Close {
    fn from(error: StoreError) -> Self {
        tracing::warn!(
            error = &error as &dyn StdError,
            "could not read an operation; closing the connection, the client reconnects"
        );
        Self::FAILED
    }
}

impl From<TokenError> for Close {
    fn from(_: TokenError) -> Self {
        Self::TOKEN
    }
}
