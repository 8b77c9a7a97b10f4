//! The records of a CSV file, read from start to end, with a limit on their size.

use std::{
    fmt,
    io::{self, Read},
};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};

/// Maximum size of a record beyond the buffer of the reader. A row of scores has a few dozen bytes. A file with a
/// larger record is not a list of scores, and reading it whole could use up all memory.
pub(super) const RECORD_BYTES_MAX: usize = 64 << 10;

/// Spreadsheets write this character at the beginning of UTF-8 files.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The line that [`LineEnds`] adds to the file. It is a record of its own if all quotation marks are closed.
const END: &[u8] = b"\n\x04\n";
const END_FIELD: &[u8] = b"\x04";

/// The records of a file that are not blank, with their lines.
///
/// One reader reads the whole file, so a line ends with CR, LF or both, and a quoted field may contain line
/// breaks. Ends after an error.
pub(super) struct Records<R> {
    reader: Reader<LineEnds<R>>,
    record: ByteRecord,
    is_first: bool,
    has_failed: bool,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The number of its first line, from 1, including blank lines.
    pub(super) line: u64,
    pub(super) fields: StringRecord,
}

/// An error while reading the next record.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordError {
    #[error(
        "Line {line} is longer than {} KiB: this is not a list of scores, or a quotation mark is not closed.",
        RECORD_BYTES_MAX >> 10
    )]
    TooLong { line: u64 },
    #[error("Line {line} has a quotation mark that is not closed.")]
    NotClosed { line: u64 },
    #[error("Line {line} is not UTF-8 text: save the file as UTF-8 and try again.")]
    NotUtf8 { line: u64 },
    #[error("The file could not be read beyond line {after}.")]
    Read { after: u64, source: io::Error },
}

impl<R: Read> Records<R> {
    pub(super) fn new(text: R) -> Self {
        let text = LineEnds { text, rest: RECORD_BYTES_MAX, was_cr: false, end: None, given: 0 };
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        Self { reader, record: ByteRecord::new(), is_first: true, has_failed: false }
    }

    fn read(&mut self) -> Result<Option<Record>, RecordError> {
        let begins_at = self.reader.position().line();
        self.reader.get_mut().rest = RECORD_BYTES_MAX;
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(read_error(error, begins_at)),
        }
        let last = self.record.iter().next_back().unwrap_or_default();
        if self.record.len() == 1 && last == END_FIELD && self.is_at_end() {
            return Ok(None);
        }
        let breaks = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let line = self.reader.position().line() - breaks;
        if last.ends_with(END) {
            return Err(RecordError::NotClosed { line });
        }
        // The reader is behind the end of the record.
        let line = line - 1;
        let fields = StringRecord::from_byte_record(self.record.clone());
        let mut fields = fields.map_err(|_| RecordError::NotUtf8 { line })?;
        if std::mem::take(&mut self.is_first) {
            fields = without_mark(&fields);
        }
        Ok(Some(Record { line, fields }))
    }

    /// Returns `true` if everything was read, including [`END`].
    fn is_at_end(&self) -> bool {
        let text = self.reader.get_ref();
        text.end.is_some_and(<[u8]>::is_empty) && self.reader.position().byte() == text.given
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<Record, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.has_failed {
                return None;
            }
            match self.read() {
                Ok(Some(record)) if record.fields.iter().all(|field| field.trim().is_empty()) => {}
                Ok(record) => return record.map(Ok),
                Err(error) => {
                    self.has_failed = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl<R> fmt::Debug for Records<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("has_failed", &self.has_failed).finish_non_exhaustive()
    }
}

/// Returns the first record without the byte order marks of some programs. The first field may be quoted behind a
/// mark, so it is parsed again.
fn without_mark(fields: &StringRecord) -> StringRecord {
    let first = fields.get(0).unwrap_or_default();
    let unmarked = first.trim_start_matches(BYTE_ORDER_MARK);
    if unmarked.len() == first.len() {
        return fields.clone();
    }
    let quoted = unmarked.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let first = quoted.unwrap_or(unmarked);
    std::iter::once(first).chain(fields.iter().skip(1)).collect()
}

fn read_error(error: csv::Error, line: u64) -> RecordError {
    match error.into_kind() {
        csv::ErrorKind::Io(source) if source.kind() == io::ErrorKind::FileTooLarge => {
            RecordError::TooLong { line }
        }
        csv::ErrorKind::Io(source) => RecordError::Read { after: line - 1, source },
        other => {
            RecordError::Read { after: line - 1, source: io::Error::other(format!("{other:?}")) }
        }
    }
}

/// A text in which every line ends with LF, so that the reader counts the lines of every file. Adds [`END`].
struct LineEnds<R> {
    text: R,
    /// The number of bytes that may still be read for this record.
    rest: usize,
    /// The last byte was a CR, so a LF belongs to it.
    was_cr: bool,
    /// The rest of [`END`], behind the end of the text.
    end: Option<&'static [u8]>,
    /// The number of bytes that the reader was given.
    given: u64,
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(end) = &mut self.end {
                let read = end.read(buffer)?;
                self.given += read as u64;
                return Ok(read);
            }
            if self.rest == 0 {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            let len = buffer.len().min(self.rest);
            let read = self.text.read(&mut buffer[..len])?;
            self.rest -= read;
            if read == 0 {
                self.end = Some(END);
                continue;
            }
            let mut kept = 0;
            for index in 0..read {
                let byte = buffer[index];
                let is_second = byte == b'\n' && self.was_cr;
                self.was_cr = byte == b'\r';
                if !is_second {
                    buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
            }
            if kept > 0 {
                self.given += kept as u64;
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &[u8]) -> Vec<(u64, Vec<String>)> {
        let fields = |record: Record| record.fields.iter().map(str::to_owned).collect();
        Records::new(text).map(|it| it.unwrap()).map(|it| (it.line, fields(it))).collect()
    }

    fn error(text: &[u8]) -> String {
        Records::new(text).find_map(Result::err).unwrap().to_string()
    }

    fn row(line: u64, fields: [&str; 2]) -> (u64, Vec<String>) {
        (line, fields.map(str::to_owned).into())
    }

    #[test]
    fn blank_lines_are_counted_and_left_out() {
        let expected = [row(1, ["a", "b"]), row(4, ["c", "d"])];
        assert_eq!(records("\u{feff}a,b\r\n\n  \nc,d".as_bytes()), expected);
    }

    #[test]
    fn a_line_ends_with_each_kind_of_line_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "c,d", "", "e,f"].join(end);
            let expected = [row(1, ["a", "b"]), row(2, ["c", "d"]), row(4, ["e", "f"])];
            for text in [text.clone(), text + end] {
                assert_eq!(records(text.as_bytes()), expected, "{text:?}");
            }
        }
        let expected = [row(1, ["a", "b"]), row(2, ["c", "d"]), row(3, ["e", "f"])];
        assert_eq!(records(b"a,b\rc,d\ne,f\r\n"), expected);
    }

    #[test]
    fn a_quoted_field_may_contain_line_breaks() {
        let expected = [row(1, ["a\nb", "c"]), row(3, ["d", "e\n"]), row(5, ["f", "g"])];
        assert_eq!(records(b"\"a\rb\",c\nd,\"e\r\n\"\nf,g"), expected);
    }

    #[test]
    fn a_quotation_mark_that_is_not_closed_is_named() {
        for (text, line) in [
            ("a,b\nc,\"d\ne,f\n", 2),
            ("a,b\nc,\"d", 2),
            ("a,b\n\"c,d\n\n", 2),
            ("\"a,b\nc,d\n", 1),
            ("\"", 1),
        ] {
            let expected = format!("Line {line} has a quotation mark that is not closed.");
            assert_eq!(error(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn marks_before_the_first_field_are_left_out() {
        for text in ["\u{feff}\"a\",b", "\u{feff}\u{feff}a,b", "a,b"] {
            assert_eq!(records(text.as_bytes()), [row(1, ["a", "b"])], "{text:?}");
        }
    }

    #[test]
    fn a_record_beyond_the_limit_is_named() {
        let fits = [vec![b'x'; 60 << 10], b",b\n".to_vec()].concat();
        assert_eq!(records(&fits.repeat(3)).len(), 3);
        let text = [b"a\n".as_slice(), &vec![b'x'; 1 << 20], b"\n"].concat();
        assert!(error(&text).starts_with("Line 2 is longer than 64 KiB"), "{}", error(&text));
    }

    #[test]
    fn a_record_that_is_not_utf_8_is_named() {
        assert!(error(b"a\nb\nM\xfcller\n").starts_with("Line 3 is not UTF-8"));
    }

    #[test]
    fn nothing_comes_after_an_error() {
        let mut records = Records::new(b"\xff\na\n".as_slice());
        assert!(records.next().unwrap().is_err());
        assert!(records.next().is_none());
    }
}
