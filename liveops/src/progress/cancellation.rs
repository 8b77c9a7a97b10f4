use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use crate::error::Cancelled;

/// Whether a run was asked to stop.
///
/// The flag is what loops look at on every turn; the token is what futures wait for.
#[derive(Debug, Default)]
pub(crate) struct Cancellation {
    requested: AtomicBool,
    token: CancellationToken,
}

impl Cancellation {
    pub(crate) fn request(&self) {
        self.requested.store(true, Ordering::Release);
        self.token.cancel();
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Acquire)
    }

    pub(crate) fn check(&self) -> Result<(), Cancelled> {
        if self.is_requested() { Err(Cancelled) } else { Ok(()) }
    }

    pub(crate) fn token(&self) -> &CancellationToken {
        &self.token
    }
}
