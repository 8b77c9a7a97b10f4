use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::{
    Outcome,
    client::Client,
    options::Options,
    server::{Kind, Server},
};

/// How many lines the log has where a connection is measured that began with a large snapshot: all
/// that is retained.
const LONG_LOG_LINES: usize = 1_000;

/// Number of frames before the example frame: the first frames are larger.
const FRAMES_BEFORE: usize = 5;

/// What liveops writes, so that the bare server writes the same.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Script {
    /// What a client gets that has nothing.
    pub(crate) greeting: Vec<String>,
    /// What one gets that has missed a few frames.
    pub(crate) resumption: Vec<String>,
    /// A frame.
    pub(crate) frame: String,
}

/// What a server shows, and where it is written down.
#[derive(Debug)]
pub(crate) struct Show {
    pub(crate) log_lines: usize,
    pub(crate) script: Script,
    pub(crate) file: NamedTempFile,
}

/// An operation with an empty log, and the same one with a long one.
#[derive(Debug)]
pub(crate) struct Scripts {
    pub(crate) plain: Show,
    pub(crate) long: Show,
}

impl Scripts {
    pub(crate) async fn record(options: &Options) -> Outcome<Self> {
        Ok(Self {
            plain: Show::record(options, 0).await?,
            long: Show::record(options, LONG_LOG_LINES).await?,
        })
    }
}

impl Show {
    /// Watches a liveops server for a while.
    async fn record(options: &Options, log_lines: usize) -> Outcome<Self> {
        let mut show = Self { log_lines, script: Script::default(), file: NamedTempFile::new()? };
        let mut server = Server::start(options, Kind::Live, &show).await?;
        server.go().await?;
        // Its log lines come before the time.
        Client::connect(server.target()).await?.0.next_frame().await?;
        let (mut client, greeting) = Client::connect(server.target()).await?;
        let cursor = client.cursor()?.to_owned();
        let mut frame = String::new();
        for _ in 0..=FRAMES_BEFORE {
            frame = client.next_frame().await?.to_string();
        }
        let (_, resumption) = Client::resume(server.target(), &cursor).await?;
        let texts = |texts: Vec<_>| texts.iter().map(ToString::to_string).collect();
        show.script = Script { greeting: texts(greeting), resumption: texts(resumption), frame };
        serde_json::to_writer(&show.file, &show.script)?;
        Ok(show)
    }
}

impl Script {
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    pub(crate) fn greeting_bytes(&self) -> usize {
        self.greeting.iter().map(String::len).sum()
    }

    /// What the server says to what a client says; to most it says nothing.
    pub(crate) fn answer(&self, text: &str) -> &[String] {
        if !text.contains("subscribe") {
            &[]
        } else if text.contains("since") {
            &self.resumption
        } else {
            &self.greeting
        }
    }
}
