//! nginx, as `docs/deployment/nginx.conf` has it.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    thread,
};

use tempfile::TempDir;

use super::need::need;

/// What operators copy, and so what is tested.
const DOCUMENTED: &str = include_str!("../../../../docs/deployment/nginx.conf");

/// The read timeout that operators copy.
pub(crate) const READ_TIMEOUT: &str = "75s";

/// What nginx says once it listens.
const READY: &str = "using the \"epoll\" event method";

/// How often a port is tried that was free a moment ago.
const TRIES: usize = 3;

/// The web processes that nginx stands in front of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upstreams {
    /// Those of the application with a name of its own.
    pub(crate) web: [SocketAddr; 2],
    /// The one of the application below `/app/`.
    pub(crate) prefixed: SocketAddr,
}

impl Upstreams {
    /// One process for everything.
    pub(crate) fn only(address: SocketAddr) -> Self {
        Self { web: [address; 2], prefixed: address }
    }
}

/// An nginx of one test's own; killed when dropped.
#[derive(Debug)]
pub(crate) struct Nginx {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    /// As documented, or `None` where there is no nginx.
    pub(crate) fn start(upstreams: Upstreams) -> Option<Self> {
        Self::with_read_timeout(upstreams, READ_TIMEOUT)
    }

    /// With another `proxy_read_timeout`.
    pub(crate) fn with_read_timeout(upstreams: Upstreams, timeout: &str) -> Option<Self> {
        let program = need("nginx", "LIVEOPS_TEST_NGINX")?;
        let mut said = String::new();
        for _ in 0..TRIES {
            match Self::run(&program, upstreams, timeout) {
                Ok(nginx) => return Some(nginx),
                Err(complaint) => said = complaint,
            }
        }
        panic!("failed to start nginx: {said}");
    }

    fn run(program: &str, upstreams: Upstreams, timeout: &str) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let config = folder.path().join("nginx.conf");
        fs::write(&config, here(folder.path(), address, upstreams, timeout)).unwrap();
        let mut process = Command::new(program)
            // One process alone is gone when it is killed, and runs as whoever started it.
            .args(["-g", "daemon off; master_process off;", "-e", "stderr"])
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let complaints = process.stderr.take().unwrap();
        let nginx = Self { process, address, _folder: folder };
        await_ready(complaints).map(|()| nginx)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a path is, for a browser or an HTTP client.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where a path is, for a WebSocket.
    pub(crate) fn socket_url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Neither can fail for a child that is still ours to wait for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The documented file with the addresses and folders of this test: nothing else is changed, and what
/// is not there to be changed is a failure.
fn here(folder: &Path, address: SocketAddr, upstreams: Upstreams, timeout: &str) -> String {
    let in_folder = |name: &str| folder.join(name).display().to_string();
    let timeout_line = |timeout| format!("proxy_read_timeout {timeout};");
    let [first, second] = upstreams.web;
    let changes = [
        ("listen 80;".to_owned(), format!("listen {address};")),
        ("127.0.0.1:3001".to_owned(), first.to_string()),
        ("127.0.0.1:3002".to_owned(), second.to_string()),
        ("127.0.0.1:3003".to_owned(), upstreams.prefixed.to_string()),
        ("/run/nginx.pid".to_owned(), in_folder("nginx.pid")),
        (
            "error_log /var/log/nginx/error.log warn;".to_owned(),
            "error_log stderr notice;".to_owned(),
        ),
        ("/var/log/nginx/access.log".to_owned(), in_folder("access.log")),
        (timeout_line(READ_TIMEOUT), timeout_line(timeout)),
        // Who is not root cannot have these where the packagers put them.
        (
            "http {\n".to_owned(),
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .iter()
                .fold("http {\n".to_owned(), |text, name| {
                    format!("{text}    {name}_temp_path {};\n", in_folder(name))
                }),
        ),
        ("user www-data;\n".to_owned(), String::new()),
    ];
    changes.iter().fold(DOCUMENTED.to_owned(), |text, (documented, here)| {
        assert_eq!(text.matches(documented).count(), 1, "once in the file: {documented}");
        text.replacen(documented, here, 1)
    })
}

/// nginx cannot be asked which port it got, so it is told one that is free now.
fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// Reads until nginx listens, and then on, or it would stop when the pipe is full.
fn await_ready(complaints: ChildStderr) -> Result<(), String> {
    let mut complaints = BufReader::new(complaints);
    let mut said = String::new();
    while !said.contains(READY) {
        if complaints.read_line(&mut said).unwrap() == 0 {
            return Err(said);
        }
    }
    thread::spawn(move || std::io::copy(&mut complaints.by_ref(), &mut std::io::sink()));
    Ok(())
}
