use std::error::Error as StdError;

use crate::{channel::ChannelError, store::StoreError, token::TokenError};

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) struct Close {
    pub(in crate::web) code: u16,
    pub(in crate::web) reason: &'static str,
    /// Whether the client is told in a message too, as browsers hide what a refused connection
    /// says.
    pub(in crate::web) is_told: bool,
}

impl Close {
    pub(in crate::web) const GONE: Self = Self::quiet(1000, "bye");
    pub(in crate::web) const BAD_MESSAGE: Self = Self::quiet(1008, "bad message");
    pub(in crate::web) const TOO_BIG: Self = Self::quiet(1009, "message too big");
    pub(in crate::web) const FAILED: Self = Self::quiet(1011, "something went wrong on the server");
    pub(in crate::web) const RESTARTING: Self = Self::quiet(1012, "restarting");
    pub(in crate::web) const TOO_SLOW: Self = Self::quiet(4008, "too slow");
    pub(in crate::web) const SILENT: Self = Self::quiet(4008, "no sign of life");
    pub(in crate::web) const TOKEN: Self = Self::told(4401, "token invalid or expired");
    pub(in crate::web) const NOT_ALLOWED: Self = Self::told(4403, "not allowed");
    pub(in crate::web) const NOTHING_FOLLOWED: Self =
        Self::told(4408, "nothing subscribed in time");
    pub(in crate::web) const TOO_MANY_CONNECTIONS: Self = Self::told(4429, "too many connections");
    pub(in crate::web) const TOO_MANY_SUBSCRIPTIONS: Self =
        Self::told(4429, "too many subscriptions");
    pub(in crate::web) const TOO_MANY_MESSAGES: Self = Self::told(4429, "too many messages");

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
