//! The signals that stop a command.

use std::future;

use tokio::signal;

/// Waits for Ctrl-C or, on Unix, SIGTERM.
pub(super) async fn stop() {
    tokio::select! {
        () = interrupt() => {}
        () = terminate() => {}
    }
}

/// Waits for Ctrl-C. After the first call, Ctrl-C no longer ends the process.
pub(super) async fn interrupt() {
    if let Err(error) = signal::ctrl_c().await {
        tracing::error!(%error, "could not listen for Ctrl-C; a graceful stop is not possible");
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
            tracing::error!(%error, "could not listen for SIGTERM; a graceful stop is not possible");
            future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
pub(super) async fn terminate() {
    future::pending::<()>().await;
}
