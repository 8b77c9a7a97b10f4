//! PgBouncer, for tests behind a connection pooler.

use std::{env, path::PathBuf};

use crate::{program::find_on_path, service::Service};

const VARIABLE: &str = "LIVEOPS_TEST_PGBOUNCER";

/// The path on Debian, which is on the `PATH` of administrators only.
const DEBIAN_PROGRAM: &str = "/usr/sbin/pgbouncer";

/// Finds PgBouncer. Every test starts its own instance.
pub(crate) fn find() -> Result<Service, String> {
    let program = env::var(VARIABLE).ok().or_else(locate).ok_or("pgbouncer was not found")?;
    Ok(Service::found(program.clone(), vec![(VARIABLE, program)]))
}

fn locate() -> Option<String> {
    let debian = || Some(PathBuf::from(DEBIAN_PROGRAM)).filter(|program| program.is_file());
    let program = find_on_path(&["pgbouncer"]).or_else(debian)?;
    program.into_os_string().into_string().ok()
}
