//! The cancellation request of a run, and the checks that observe the request.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

/// The cancellation request of a run.
///
/// Loops check the flag in every iteration; futures wait for the token.
#[derive(Debug, Default)]
pub(crate) struct Cancellation {
    /// One of the constants below.
    state: AtomicU8,
    token: CancellationToken,
    /// Set while a caller of `try_begin_request` is about to make the request.
    is_pending: AtomicBool,
    /// Checks left before the request, in the state `COUNTED`.
    checks_left: AtomicU64,
}

/// No request.
const RUNNING: u8 = 0;

/// No request, and checks are counted. A third state of the same flag, so that a loop without counting pays
/// nothing for it.
const COUNTED: u8 = 1;

const REQUESTED: u8 = 2;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Passed,
    /// The check passed and is the last check that passes.
    PassedLast,
    Refused,
}

impl Cancellation {
    /// Reserves the request for the caller; `false` if the request was already made or reserved.
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

    /// Lets this many checks pass and refuses all later ones. Has no effect after a request.
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
            // Another thread took the last check and is about to make the request.
            Err(_) => Check::Refused,
        }
    }

    pub(crate) fn token(&self) -> &CancellationToken {
        &self.token
    }
}
