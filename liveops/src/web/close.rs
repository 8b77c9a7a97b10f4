use std::error::Error as StdError;

use crate::{channel::ChannelError, store::StoreError, token::TokenError};

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    /// Whether the client is told in a message too, as browsers hide what a refused connection
    /// says.
    pub(super) is_told: bool,
}

impl Close {
    pub(super) const GONE: Self = Self::quiet(1000, "bye");
    pub(super) const BAD_MESSAGE: Self = Self::quiet(1008, "bad message");
    pub(super) const TOO_BIG: Self = Self::quiet(1009, "message too big");
    pub(super) const FAILED: Self = Self::quiet(1011, "something went wrong on the server");
    pub(super) const RESTARTING: Self = Self::quiet(1012, "restarting");
    pub(super) const TOO_SLOW: Self = Self::quiet(4008, "too slow");
    pub(super) const SILENT: Self = Self::quiet(4008, "no sign of life");
    pub(super) const TOKEN: Self = Self::told(4401, "token invalid or expired");
    pub(super) const NOT_ALLOWED: Self = Self::told(4403, "not allowed");
    pub(super) const NOTHING_FOLLOWED: Self = Self::told(4408, "nothing subscribed in time");
    pub(super) const TOO_MANY_CONNECTIONS: Self = Self::told(4429, "too many connections");
    pub(super) const TOO_MANY_SUBSCRIPTIONS: Self = Self::told(4429, "too many subscriptions");
    pub(super) const TOO_MANY_MESSAGES: Self = Self::told(4429, "too many messages");

    const fn quiet(code: u16, reason: &'static str) -> Self {
        Self { code, reason, is_told: false }
    }

    const fn told(code: u16, reason: &'static str) -> Self {
        Self { code, reason, is_told: true }
    }
}

impl From<ChannelError> for Close {
    fn from(error: ChannelError) -> Self {
        tracing::error!(error = &error as &dyn StdError, "failed to follow a channel");
        Self::FAILED
    }
}

impl From<StoreError> for Close {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn StdError, "failed to look at an operation");
        Self::FAILED
    }
}

impl From<TokenError> for Close {
    fn from(_: TokenError) -> Self {
        Self::TOKEN
    }
}
