//! The signals that stop a command.

use std::future;
#[cfg(unix)]
use std::{fs, sync::LazyLock};

use tokio::signal;

/// Waits for Ctrl-C or, on Unix, SIGTERM or SIGHUP.
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

/// Waits for SIGTERM, or for SIGHUP when the terminal is closed.
#[cfg(unix)]
pub(super) async fn terminate() {
    use signal::unix::SignalKind;

    tokio::select! {
        () = received(SignalKind::terminate(), "SIGTERM") => {}
        () = received(SignalKind::hangup(), "SIGHUP"), if !ignores_hangup() => {}
    }
}

#[cfg(unix)]
async fn received(kind: signal::unix::SignalKind, name: &str) {
    match signal::unix::signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::error!(%error, "could not listen for {name}; a graceful stop is not possible");
            future::pending::<()>().await;
        }
    }
}

/// Returns `true` if this process ignores SIGHUP, for example under nohup. A handler would replace this setting. Only
/// Linux reports the setting. On other systems the function returns `true`, so that SIGHUP keeps its effect.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    const HANGUP: u64 = 1;

    static IGNORES: LazyLock<bool> = LazyLock::new(|| {
        let ignored = fs::read_to_string("/proc/self/status").ok().and_then(|status| {
            let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        });
        ignored.is_none_or(|mask| mask & HANGUP != 0)
    });
    *IGNORES
}

#[cfg(not(unix))]
pub(super) async fn terminate() {
    future::pending::<()>().await;
}
