//! The Redis server of the tests.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use crate::{
    program::{find_on_path, on_free_port},
    scratch::Scratch,
    service::Service,
};

const VARIABLE: &str = "LIVEOPS_TEST_REDIS_URL";

/// The log message of the server when it listens.
const READY: &str = "Ready to accept connections";

/// Starts a private Redis server, unless the environment names a server.
pub(crate) fn start() -> Result<Service, String> {
    if let Ok(url) = env::var(VARIABLE) {
        return Ok(Service::found("the server of the environment", vec![(VARIABLE, url)]));
    }
    let program = find_on_path(&["redis-server"]).ok_or("redis-server was not found")?;
    let (server, port) = on_free_port(|port| Ok((Server::start(&program, port)?, port)))?;
    let url = format!("redis://127.0.0.1:{port}/");
    Ok(Service::started("a private server", VARIABLE, url, server))
}

/// A server without persistence; killed when dropped.
#[derive(Debug)]
struct Server {
    process: Child,
    _folder: Scratch,
}

impl Server {
    fn start(program: &Path, port: u16) -> Result<Self, String> {
        let folder = Scratch::new("redis")?;
        let mut command = Command::new(program);
        command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        ignore_interrupts(&mut command);
        let mut process =
            command.spawn().map_err(|error| format!("failed to start redis-server: {error}"))?;
        let output = process.stdout.take().expect("the output is piped");
        let server = Self { process, _folder: folder };
        await_ready(output)?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Neither call can fail for a child that was not waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads until the server listens. A thread continues to read, because a full pipe would stop the server.
fn await_ready(output: ChildStdout) -> Result<(), String> {
    let mut output = BufReader::new(output);
    let mut said = String::new();
    while !said.contains(READY) {
        match output.read_line(&mut said) {
            Ok(0) => return Err(format!("redis-server ended at once: {}", said.trim())),
            Ok(_) => {}
            Err(error) => {
                return Err(format!("failed to read the output of redis-server: {error}"));
            }
        }
    }
    thread::spawn(move || std::io::copy(&mut output.by_ref(), &mut std::io::sink()));
    Ok(())
}

/// Keeps Ctrl-C from the server. This program handles the signal: the tests end first, then the servers.
fn ignore_interrupts(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}
