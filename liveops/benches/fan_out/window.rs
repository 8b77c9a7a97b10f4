use std::time::Duration;

use tokio::time::Instant;

use crate::stamp::Stamp;

/// How long after the end of a window what was sent in it may arrive.
const TIMEOUT: Duration = Duration::from_millis(500);

/// The time in which deliveries count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    from: Stamp,
    to: Stamp,
    pub(crate) begins_on: Instant,
    pub(crate) ends_on: Instant,
    /// Until when clients listen.
    pub(crate) over_on: Instant,
}

impl Window {
    pub(crate) fn after(delay: Duration, length: Duration) -> Self {
        let (now, begins_on) = (Stamp::now(), Instant::now() + delay);
        let from = now.after(delay);
        let ends_on = begins_on + length;
        Self { from, to: from.after(length), begins_on, ends_on, over_on: ends_on + TIMEOUT }
    }

    pub(crate) fn contains(&self, sent: Stamp) -> bool {
        (self.from..self.to).contains(&sent)
    }
}
