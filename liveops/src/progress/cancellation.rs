use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

/// Whether a run was asked to stop.
///
/// The flag is what loops look at on every turn; the token is what futures wait for.
#[derive(Debug, Default)]
pub(crate) struct Cancellation {
    /// One of the constants below.
    state: AtomicU8,
    token: CancellationToken,
    /// Whether somebody is about to make the request.
    is_pending: AtomicBool,
    /// How many checks pass before the request comes, where they are counted.
    checks_left: AtomicU64,
}

/// Nobody asked.
const RUNNING: u8 = 0;

/// Nobody asked, and checks are counted: a third state of the one flag, so that loops which nobody
/// counts pay nothing for it.
const COUNTED: u8 = 1;

const REQUESTED: u8 = 2;

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Passed,
    /// It passed, and was the last one that does.
    PassedLast,
    Refused,
}

impl Cancellation {
    /// Whether the request is the caller's to make: nobody else has made it, or is about to.
    pub(super) fn try_begin_request(&self) -> bool {
        !self.is_requested() && !self.is_pending.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn request(&self) {
        self.state.store(REQUESTED, Ordering::Release);
        self.token.cancel();
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.state.load(Ordering::Acquire) == REQUESTED
    }

    /// Lets this many checks pass, and no more; none if it was requested already.
    pub(super) fn count_checks(&self, checks: u64) {
        self.checks_left.store(checks, Ordering::Relaxed);
        let _ = self.state.compare_exchange(RUNNING, COUNTED, Ordering::Release, Ordering::Relaxed);
    }

    pub(super) fn check(&self) -> Check {
        match self.state.load(Ordering::Acquire) {
            RUNNING => Check::Passed,
            COUNTED => self.count(),
            _ => Check::Refused,
        }
    }

    fn count(&self) -> Check {
        let one_less = |left: u64| left.checked_sub(1);
        match self.checks_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
            Ok(1) => Check::PassedLast,
            Ok(_) => Check::Passed,
            // Another thread's was the last, and its request is on its way.
            Err(_) => Check::Refused,
        }
    }

    pub(crate) fn token(&self) -> &CancellationToken {
        &self.token
    }
}
