//! The default maximum number of connections.

/// Maximum number of connections if the system does not limit the number of open files.
const CONNECTIONS_MAX: usize = 65_536;

/// Returns three quarters of the number of files that the process may open. The rest is for the database, for
/// uploads and for the application.
#[cfg(unix)]
pub(super) fn connections_max() -> usize {
    use rustix::process::{Resource, getrlimit};

    let files = getrlimit(Resource::Nofile).current;
    let files = files.and_then(|files| usize::try_from(files).ok());
    files.map_or(CONNECTIONS_MAX, |files| (files / 4 * 3).clamp(1, CONNECTIONS_MAX))
}

/// Returns a fixed number: the system has no limit of open files.
#[cfg(not(unix))]
pub(super) fn connections_max() -> usize {
    CONNECTIONS_MAX
}
