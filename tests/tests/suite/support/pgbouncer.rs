use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    thread,
};

use tempfile::TempDir;
use url::Url;

use super::need::{need, use_if_there};
use crate::scratch::is_root;

/// The log message of PgBouncer when it listens.
const READY: &str = "process up";

/// The number of connections to the server.
pub(crate) const POOL_SIZE: usize = 30;

/// The number of tries of a port that was free a moment ago.
const TRIES: usize = 3;

/// A PgBouncer of one test in front of a database; killed when dropped.
#[derive(Debug)]
pub(crate) struct PgBouncer {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts a pooler in front of the database at `url`, in the given `pool_mode`. Returns `None` where there
    /// is no PgBouncer.
    pub(crate) fn start(url: &str, pool_mode: &str) -> Option<Self> {
        let program = need("PgBouncer", "LIVEOPS_TEST_PGBOUNCER")?;
        Some(Self::start_program(&program, url, &format!("pool_mode = {pool_mode}")))
    }

    /// Starts a pooler in transaction mode that keeps this number of prepared statements for each client. Debian does
    /// not have this version yet. Returns `None` without such a PgBouncer.
    pub(crate) fn start_with_prepared_statements(url: &str, statements_max: u32) -> Option<Self> {
        let program = use_if_there("PgBouncer of version 1.21", "LIVEOPS_TEST_PGBOUNCER_PREPARED")?;
        let settings =
            format!("pool_mode = transaction\nmax_prepared_statements = {statements_max}");
        Some(Self::start_program(&program, url, &settings))
    }

    fn start_program(program: &str, url: &str, settings: &str) -> Self {
        let mut said = String::new();
        for _ in 0..TRIES {
            match Self::run(program, url, settings) {
                Ok(pooler) => return pooler,
                Err(complaint) => said = complaint,
            }
        }
        panic!("failed to start pgbouncer: {said}");
    }

    fn run(program: &str, url: &str, settings: &str) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let mut url = Url::parse(url).unwrap();
        let port = free_port();
        let config = folder.path().join("pgbouncer.ini");
        fs::write(&config, configuration(&url, port, settings)).unwrap();
        let mut process =
            command(program, &config).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let log = process.stderr.take().unwrap();
        url.set_port(Some(port)).unwrap();
        let pooler = Self { process, url: url.into(), _folder: folder };
        await_ready(log).map(|()| pooler)
    }

    /// Returns the URL of the database through the pooler.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // Neither can fail for a child that is still ours to wait for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(program: &str, config: &Path) -> Command {
    let mut command = Command::new(program);
    if is_root() {
        // PgBouncer refuses to run as root.
        command.args(["-u", "postgres"]);
    }
    command.arg(config);
    command
}

fn configuration(url: &Url, port: u16, settings: &str) -> String {
    let host = url.host_str().unwrap();
    let server_port = url.port().unwrap_or(5432);
    let user = url.username();
    format!(
        "[databases]\n* = host={host} port={server_port} user={user}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
         auth_type = any\n{settings}\nmax_client_conn = 100\ndefault_pool_size = {POOL_SIZE}\n\
         ignore_startup_parameters = extra_float_digits\n"
    )
}

/// PgBouncer cannot choose a port, so it gets one that is free now.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Reads until PgBouncer listens. A thread continues to read, because a full pipe would stop PgBouncer.
fn await_ready(log: ChildStderr) -> Result<(), String> {
    let mut log = BufReader::new(log);
    let mut said = String::new();
    while !said.contains(READY) {
        if log.read_line(&mut said).unwrap() == 0 {
            return Err(said);
        }
    }
    thread::spawn(move || std::io::copy(&mut log.by_ref(), &mut std::io::sink()));
    Ok(())
}
