//! The limit of this process on open files.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::Outcome;

/// Number of files that a process has open beside the sockets of its clients.
const OTHERS: u64 = 200;

/// Permits this process, and the servers that it starts, to open this number of sockets.
pub(crate) fn allow(sockets: usize) -> Outcome<()> {
    let wanted = sockets as u64 + OTHERS;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if hard < wanted {
        return Err(format!(
            "the clients need {wanted} open files, and this machine allows a process {hard}: \
             raise `ulimit -Hn`, or measure with fewer clients"
        )
        .into());
    }
    Ok(setrlimit(Resource::RLIMIT_NOFILE, soft.max(wanted), hard)?)
}
