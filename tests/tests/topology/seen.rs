use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::tab::Tab;

/// Everything that one browser has gone through.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The pages that are open at the end.
    pub(crate) tabs: Vec<Tab>,
    /// Those that another operation took the place of.
    pub(crate) left: Vec<Tab>,
    pub(crate) closes: Vec<Close>,
    pub(crate) returns: Vec<Return>,
    /// How often it was caught up in which way.
    pub(crate) catch_ups: BTreeMap<String, usize>,
    pub(crate) frames: usize,
    /// Frames that it had seen.
    pub(crate) old_frames: usize,
    pub(crate) pings: usize,
    /// How often it asked for fresh tokens.
    pub(crate) renewals: usize,
    /// Connections that were refused.
    pub(crate) refusals: usize,
    /// Requests that were not answered.
    pub(crate) unanswered: usize,
}

/// A connection that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Close {
    pub(crate) on: Instant,
    pub(crate) web: usize,
    pub(crate) goodbye: Goodbye,
}

/// How a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// With the code of a close frame.
    Said(Option<u16>),
    /// What was found instead of one.
    Unsaid(String),
}

impl Close {
    /// What the server closed with, if it said so.
    pub(crate) fn code(&self) -> Option<u16> {
        match self.goodbye {
            Goodbye::Said(code) => code,
            Goodbye::Unsaid(_) => None,
        }
    }
}

/// All pages are up to date again after the connection was lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Return {
    /// The new connection was made.
    pub(crate) connected_on: Instant,
    /// How long the pages were not live.
    pub(crate) away: Duration,
}
