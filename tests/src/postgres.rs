use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    program::{find_on_path, on_free_port, output_of},
    scratch::{Scratch, is_root},
    service::Service,
};

const VARIABLE: &str = "LIVEOPS_TEST_POSTGRES_URL";

/// Who runs the server when the user is root: PostgreSQL refuses to.
const SERVER_USER: &str = "postgres";

/// A private PostgreSQL server, or the one that the environment already names.
pub(crate) fn start() -> Result<Service, String> {
    if let Ok(url) = env::var(VARIABLE) {
        return Ok(Service::found("the server of the environment", vec![(VARIABLE, url)]));
    }
    let programs = find_programs().ok_or("initdb, pg_ctl and postgres were not found")?;
    let cluster = Cluster::create(programs)?;
    let port = on_free_port(|port| cluster.start(port).map(|()| port))?;
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let note = format!("a private server, {}", cluster.version());
    Ok(Service::started(note, VARIABLE, url, cluster))
}

/// The folder of the server's programs; Debian keeps it off `PATH`.
fn find_programs() -> Option<PathBuf> {
    let on_path = find_on_path(&["pg_ctl"]).and_then(|program| Some(program.parent()?.to_owned()));
    let configured = output_of(Command::new("pg_config").arg("--bindir")).ok().map(PathBuf::from);
    let candidates = on_path.into_iter().chain(configured).chain(debian_folders());
    candidates.into_iter().find(|folder| {
        ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file())
    })
}

/// `/usr/lib/postgresql/<version>/bin`, the newest version first.
fn debian_folders() -> Vec<PathBuf> {
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
struct Cluster {
    programs: PathBuf,
    folder: Scratch,
}

impl Cluster {
    fn create(programs: PathBuf) -> Result<Self, String> {
        let cluster = Self { programs, folder: Scratch::new("postgres")? };
        if is_root() {
            output_of(Command::new("chown").arg(SERVER_USER).arg(cluster.folder.path()))?;
        }
        // The plain C locale sorts the same on every machine.
        let mut initdb = cluster.command("initdb");
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]);
        output_of(initdb.arg("--no-sync").arg("-D").arg(cluster.data()))?;
        Ok(cluster)
    }

    /// Starts the server, without a socket file: the path of one can be too long for the system.
    fn start(&self, port: u16) -> Result<(), String> {
        // Nothing here outlives the tests, so nothing needs to survive a power cut.
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' \
             -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        );
        let log = self.folder.path().join("log");
        let mut start = self.command("pg_ctl");
        start.args(["-w", "-s", "-o", &options, "-l"]).arg(&log).arg("-D").arg(self.data());
        output_of(start.arg("start")).map(drop).map_err(|error| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("{error}\n{}", log.trim())
        })
    }

    fn version(&self) -> String {
        output_of(self.command("postgres").arg("--version"))
            .unwrap_or_else(|_| "of an unknown version".into())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() { as_server_user(&program) } else { Command::new(program) };
        // Where the user stands may be closed to the server's user.
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["-w", "-s", "-m", "immediate", "-D"]).arg(self.data());
        // A server that never started has nothing to stop.
        if self.data().join("postmaster.pid").exists()
            && let Err(error) = output_of(stop.arg("stop"))
        {
            eprintln!("failed to stop PostgreSQL: {error}");
        }
    }
}

fn as_server_user(program: &Path) -> Command {
    // A root shell that came by `su` may lack the administrator's folders.
    let runuser = find_on_path(&["runuser"]).unwrap_or_else(|| "/usr/sbin/runuser".into());
    let mut command = Command::new(runuser);
    command.args(["-u", SERVER_USER, "--"]).arg(program);
    command
}
