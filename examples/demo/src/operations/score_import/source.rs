//! The file of an import, checked from start to end before rows are imported.

use std::{
    fs::File,
    io::{BufReader, Seek},
};

use liveops::{Progress, RunError, RunResult};

use super::{
    ScoreImport,
    lines::{LineError, Lines},
    row::{HEADER, is_header},
};

/// Maximum number of characters of an invalid header in a message.
const SHOWN_CHARS_MAX: usize = 80;

/// A file of scores that was read completely once: it has a header and rows, and is valid text.
///
/// The file stays open, so the second reading gets the same file, even if its path names another file by
/// then.
#[derive(Debug)]
pub(super) struct Source {
    file: File,
    rows: u64,
}

impl Source {
    pub(super) fn load(p: &Progress<ScoreImport>, file: File) -> RunResult<Self> {
        let mut lines = Lines::new(BufReader::new(&file));
        skip_header(&mut lines)?;
        let mut rows = 0;
        for line in p.track(lines).label("Reading").unit("rows") {
            line?.map_err(for_owner)?;
            rows += 1;
        }
        if rows == 0 {
            return Err(RunError::user("The file has a header and no rows."));
        }
        Ok(Self { file, rows })
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the lines below the header.
    pub(super) fn lines(mut self) -> RunResult<Lines<BufReader<File>>> {
        self.file.rewind()?;
        let mut lines = Lines::new(BufReader::new(self.file));
        skip_header(&mut lines)?;
        Ok(lines)
    }
}

fn skip_header<R: std::io::BufRead>(lines: &mut Lines<R>) -> RunResult<()> {
    let Some(line) = lines.next() else { return Err(RunError::user("The file is empty.")) };
    let line = line.map_err(for_owner)?;
    if is_header(&line) {
        return Ok(());
    }
    let shown: String = line.text.chars().take(SHOWN_CHARS_MAX).collect();
    let more = if shown.len() < line.text.len() { "…" } else { "" };
    Err(RunError::user(format!(
        "Expected the header `{}`, found `{shown}{more}`.",
        HEADER.join(",")
    )))
}

/// Creates the error of a file. The owner of the import reads the problem of the file; staff read the error
/// of the system.
pub(super) fn for_owner(error: LineError) -> RunError {
    let message = error.to_string();
    match error {
        LineError::Read { source, .. } => RunError::user_because(message, source),
        LineError::TooLong { .. } | LineError::NotUtf8 { .. } => RunError::user(message),
    }
}
