//! How whoever started a command stops it.

use std::future;

use tokio::signal;

/// Waits for Ctrl-C, or for SIGTERM where there is one.
pub(super) async fn stop() {
    tokio::select! {
        () = interrupt() => {}
        () = terminate() => {}
    }
}

/// Waits for Ctrl-C. From the first call on, it does not end the process any more.
pub(super) async fn interrupt() {
    if let Err(error) = signal::ctrl_c().await {
        tracing::error!(%error, "cannot hear Ctrl-C");
        future::pending::<()>().await;
    }
}

/// Waits for SIGTERM.
#[cfg(unix)]
pub(super) async fn terminate() {
    use signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::error!(%error, "cannot hear SIGTERM");
            future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
pub(super) async fn terminate() {
    future::pending::<()>().await;
}
