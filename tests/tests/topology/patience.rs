use std::{panic::Location, time::Duration};

use tokio::time::{Instant, sleep};

/// How long anything may take that a test waits for: far longer than it does on the slowest machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(180);

/// Asks again and again, as what is waited for happens in other processes.
#[track_caller]
pub(crate) fn wait_until(
    what: impl Into<String>,
    mut holds: impl AsyncFnMut() -> bool,
) -> impl Future<Output = ()> {
    let caller = Location::caller();
    let what = what.into();
    async move {
        let deadline = Instant::now() + TIMEOUT;
        while !holds().await {
            assert!(Instant::now() < deadline, "{caller}: waited {TIMEOUT:?} for {what}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}
