use std::time::Duration;

use tokio::time::{sleep, timeout};

/// How long anything may take: far longer than it does on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Between two questions, so that whoever is asked gets on.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks until the answer is yes: for what a server or another process does, which tells nobody.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let asking = async {
        while !holds().await {
            sleep(PAUSE).await;
        }
    };
    assert!(timeout(TIMEOUT, asking).await.is_ok(), "waited in vain until {what}");
}
