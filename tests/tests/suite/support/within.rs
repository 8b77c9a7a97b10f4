//! Waits with a limit.

use std::time::Duration;

use tokio::time::timeout;

/// Returns the result of `work`, which may take this time.
pub(crate) async fn within<T>(time: Duration, what: &str, work: impl Future<Output = T>) -> T {
    timeout(time, work).await.unwrap_or_else(|_| panic!("{what} was not answered"))
}
