//! The file of an import, checked from start to end before rows are imported.

use std::{
    fs::File,
    io::{Read, Seek},
};

use liveops::{Progress, RunError, RunResult};

use super::{
    ScoreImport,
    records::{RecordError, Records},
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
        let mut records = Records::new(&file);
        skip_header(&mut records)?;
        let mut rows = 0;
        for record in p.track(records).label("Reading").unit("rows") {
            record?.map_err(for_owner)?;
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

    /// Returns the records below the header.
    pub(super) fn records(mut self) -> RunResult<Records<File>> {
        self.file.rewind()?;
        let mut records = Records::new(self.file);
        skip_header(&mut records)?;
        Ok(records)
    }
}

fn skip_header<R: Read>(records: &mut Records<R>) -> RunResult<()> {
    let Some(record) = records.next() else { return Err(RunError::user("The file is empty.")) };
    let record = record.map_err(for_owner)?;
    if is_header(&record) {
        return Ok(());
    }
    let found = record.fields.iter().collect::<Vec<_>>().join(",");
    let shown: String = found.chars().take(SHOWN_CHARS_MAX).collect();
    let more = if shown.len() < found.len() { "…" } else { "" };
    Err(RunError::user(format!(
        "Expected the header `{}`, found `{shown}{more}`.",
        HEADER.join(",")
    )))
}

/// Creates the error of a file. The owner of the import reads the problem of the file; staff read the error
/// of the system.
pub(super) fn for_owner(error: RecordError) -> RunError {
    let message = error.to_string();
    match error {
        RecordError::Read { source, .. } => RunError::user_because(message, source),
        RecordError::TooLong { .. }
        | RecordError::NotClosed { .. }
        | RecordError::NotUtf8 { .. } => RunError::user(message),
    }
}
