//! Hot standby servers of the tests' PostgreSQL.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use crate::{
    cluster::{Cluster, FORGETFUL, debian_folders},
    program::output_of,
};

impl Cluster {
    /// Creates a hot standby server of this one, from a base backup, and starts it on a free port.
    pub(crate) fn start_standby(&self) -> Result<Self, String> {
        let mut standby = Self::empty(self.programs.clone())?;
        let mut backup = standby.command_in(&self.backup_folder(), "pg_basebackup");
        backup.args(["--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf"]);
        backup.arg("--no-sync").arg("--dbname").arg(self.url()).arg("--pgdata");
        output_of(backup.arg(standby.data()))?;
        standby.run_on_free_port(FORGETFUL)?;
        Ok(standby)
    }

    /// Makes a standby server the primary, and waits until it accepts writes.
    pub(crate) fn promote(&self) -> Result<(), String> {
        let mut promote = self.command("pg_ctl");
        promote.args(["-w", "-s", "-D"]).arg(self.data());
        output_of(promote.arg("promote")).map(drop)
    }

    /// Returns the address on which the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns the folder of `pg_basebackup`, which need not be that of the links to the server's programs.
    fn backup_folder(&self) -> PathBuf {
        let linked = fs::canonicalize(self.programs.join("postgres")).ok();
        let linked = linked.and_then(|program| Some(program.parent()?.to_owned()));
        let mut folders = linked.into_iter().chain(debian_folders());
        let found = folders.find(|folder| folder.join("pg_basebackup").is_file());
        found.unwrap_or_else(|| self.programs.clone())
    }
}
