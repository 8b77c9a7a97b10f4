use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::Outcome;

/// What a process has open beside the sockets of its clients.
const OTHERS: u64 = 200;

/// Sees to it that this process, and the servers it starts, may have a socket for every client.
pub(crate) fn allow(clients: usize) -> Outcome<()> {
    // After a storm, sockets that were cut may still be open when their clients are back.
    let wanted = 2 * clients as u64 + OTHERS;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if hard < wanted {
        return Err(format!(
            "{clients} clients need {wanted} open files, and this machine allows a process {hard}: \
             raise `ulimit -Hn`, or measure with fewer `--clients`"
        )
        .into());
    }
    Ok(setrlimit(Resource::RLIMIT_NOFILE, soft.max(wanted), hard)?)
}
