use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

/// How long a browser may take to close before its driver is killed.
const CLOSING: Duration = Duration::from_secs(10);

/// A chromedriver process on a port of its own; asked to close its browser when dropped.
///
/// One for each browser: a test that fails takes nothing of another test with it.
#[derive(Debug)]
pub(super) struct Driver {
    process: Child,
    port: u16,
    /// Held open, because chromedriver would die of writing to a closed pipe.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts chromedriver; what it and its browser leave behind goes into `folder`.
    pub(super) fn start(program: &str, folder: &Path, log: &Path) -> Self {
        let mut process = Command::new(program)
            .arg("--port=0")
            .arg(format!("--log-path={}", log.display()))
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("failed to start {program}: {error}"));
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let port = announced_port(&mut output);
        Self { process, port, _output: output }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// chromedriver closes its browsers before it answers this; killed, it would leave them.
    fn shut_down(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(CLOSING))?;
        write!(stream, "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", self.port)?;
        write!(stream, "Connection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Driver {
    /// By hand and blocking: a panicking test has no runtime left to close its browser with.
    fn drop(&mut self) {
        if let Err(error) = self.shut_down() {
            eprintln!("failed to close the browser: {error}");
        }
        // It may have ended by itself, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The port chromedriver chose, from "… was started successfully on port 12345."
fn announced_port(output: &mut impl BufRead) -> u16 {
    let mut said = String::new();
    while output.read_line(&mut said).unwrap() > 0 {
        if let Some((_, after)) = said.split_once("started successfully on port ") {
            let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
            return digits.parse().unwrap();
        }
    }
    panic!("chromedriver ended at once: {said}");
}
