//! Private PostgreSQL servers, for tests.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    program::{find_on_path, on_free_port, output_of},
    scratch::{Scratch, is_root},
};

/// The user that runs the server if this program runs as root: PostgreSQL refuses to run as root.
const SERVER_USER: &str = "postgres";

/// The options of a server whose data need not survive a crash.
pub(crate) const FORGETFUL: &str = "-c synchronous_commit=off -c full_page_writes=off";

/// Returns the folder of the server's programs. On Debian it is not on `PATH`.
fn find_programs() -> Option<PathBuf> {
    let on_path = find_on_path(&["pg_ctl"]).and_then(|program| Some(program.parent()?.to_owned()));
    let configured = output_of(Command::new("pg_config").arg("--bindir")).ok().map(PathBuf::from);
    let candidates = on_path.into_iter().chain(configured).chain(debian_folders());
    candidates.into_iter().find(|folder| {
        ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file())
    })
}

/// Returns the folders `/usr/lib/postgresql/<version>/bin`, newest version first.
pub(crate) fn debian_folders() -> Vec<PathBuf> {
    let entries = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    versions.sort_by_key(|folder| {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        std::cmp::Reverse(name.parse::<u32>().unwrap_or_default())
    });
    versions.into_iter().map(|folder| folder.join("bin")).collect()
}

/// One database cluster and its server; stopped and removed when dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) programs: PathBuf,
    folder: Scratch,
    pub(crate) port: u16,
    options: String,
}

impl Cluster {
    /// Creates a cluster and starts its server with `options` on a free port.
    pub(crate) fn start(options: &str) -> Result<Self, String> {
        let programs = find_programs().ok_or("initdb, pg_ctl and postgres were not found")?;
        let mut cluster = Self::create(programs)?;
        cluster.run_on_free_port(options)?;
        Ok(cluster)
    }

    pub(crate) fn run_on_free_port(&mut self, options: &str) -> Result<(), String> {
        on_free_port(|port| {
            // No socket file, because its path can be too long for the system. No syncing, because the
            // data need not survive a power failure.
            self.options = format!(
                "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' \
                 -c max_connections=300 -c fsync=off {options}"
            );
            self.port = port;
            self.run()
        })
    }

    /// Creates the folder of a cluster.
    pub(crate) fn empty(programs: PathBuf) -> Result<Self, String> {
        let folder = Scratch::new("postgres")?;
        let cluster = Self { programs, folder, port: 0, options: String::new() };
        if is_root() {
            output_of(Command::new("chown").arg(SERVER_USER).arg(cluster.folder.path()))?;
        }
        Ok(cluster)
    }

    fn create(programs: PathBuf) -> Result<Self, String> {
        let cluster = Self::empty(programs)?;
        // The C locale has the same sort order on every machine.
        let mut initdb = cluster.command("initdb");
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]);
        output_of(initdb.arg("--no-sync").arg("-D").arg(cluster.data()))?;
        Ok(cluster)
    }

    /// Starts the server, on its earlier port after a stop, and waits until it answers.
    pub(crate) fn run(&self) -> Result<(), String> {
        let log = self.folder.path().join("log");
        let mut start = self.command("pg_ctl");
        start.args(["-w", "-s", "-o", &self.options, "-l"]).arg(&log).arg("-D").arg(self.data());
        output_of(start.arg("start")).map(drop).map_err(|error| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("{error}\n{}", log.trim())
        })
    }

    /// Stops the server, in one of the modes of `pg_ctl`.
    pub(crate) fn stop(&self, mode: &str) -> Result<(), String> {
        let mut stop = self.command("pg_ctl");
        stop.args(["-w", "-s", "-m", mode, "-D"]).arg(self.data());
        output_of(stop.arg("stop")).map(drop)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn version(&self) -> String {
        output_of(self.command("postgres").arg("--version"))
            .unwrap_or_else(|_| "of an unknown version".into())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn command(&self, name: &str) -> Command {
        self.command_in(&self.programs, name)
    }

    pub(crate) fn command_in(&self, folder: &Path, name: &str) -> Command {
        let program = folder.join(name);
        let mut command = if is_root() { as_server_user(&program) } else { Command::new(program) };
        // The server's user may have no access to the current folder.
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A server that never started has nothing to stop.
        if self.data().join("postmaster.pid").exists()
            && let Err(error) = self.stop("immediate")
        {
            eprintln!("failed to stop PostgreSQL: {error}");
        }
    }
}

fn as_server_user(program: &Path) -> Command {
    // The `PATH` of a root shell started with `su` may lack the administrator's folders.
    let runuser = find_on_path(&["runuser"]).unwrap_or_else(|| "/usr/sbin/runuser".into());
    let mut command = Command::new(runuser);
    command.args(["-u", SERVER_USER, "--"]).arg(program);
    command
}
