//! Programs of the machine, and free ports for servers.

use std::{
    env,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// Returns the first of `names` that is on the user's `PATH`.
pub(crate) fn find_on_path(names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| all_on_path(name).into_iter().next())
}

/// Returns every program `name` on the user's `PATH`, in the order of `PATH`.
pub(crate) fn all_on_path(name: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let programs = env::split_paths(&path).map(|folder| folder.join(name));
    programs.filter(|program| program.is_file()).collect()
}

/// Runs a program and returns its standard output; on failure, an error with its standard error.
pub(crate) fn output_of(command: &mut Command) -> Result<String, String> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("failed to start {name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{name} ended with {}: {complaint}", output.status))
}

/// Ports below the range that systems assign automatically, so that the port of a stopped server is still
/// free when the server starts again.
const PORTS: Range<u16> = 20_000..32_000;

/// Returns a port that is free now. Another program may take the port before it is used, so callers try
/// again.
pub(crate) fn free_port() -> Result<u16, String> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.len() as u32;
    // Each process begins at another port, and returns each port once.
    let next =
        || process::id().wrapping_mul(97).wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
    let mut ports = (0..count).map(|_| PORTS.start + (next() % count) as u16);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    ports.find(is_free).ok_or_else(|| format!("no port of {PORTS:?} is free"))
}

/// Calls `start` with free ports until it succeeds, at most three times.
pub(crate) fn on_free_port<T>(
    mut start: impl FnMut(u16) -> Result<T, String>,
) -> Result<T, String> {
    let mut last = String::new();
    for _ in 0..3 {
        match start(free_port()?) {
            Ok(started) => return Ok(started),
            Err(reason) => last = reason,
        }
    }
    Err(last)
}
