//! The lines of a file, with a limit on their length.

use std::io::{self, BufRead, Read};

/// Maximum length of a line, including its end. A row of scores has a few dozen bytes. A file with a longer
/// line is not a list of scores, and reading such a line whole could use up all memory.
pub(super) const LINE_BYTES_MAX: u64 = 64 << 10;

/// The lines of a text that are not blank, with their numbers.
///
/// Holds one line at a time, and at most [`LINE_BYTES_MAX`] of it. Ends after an error.
#[derive(Debug)]
pub(super) struct Lines<R> {
    text: R,
    number: u64,
    has_failed: bool,
}

/// One line, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of the line, from 1, including blank lines.
    pub(super) number: u64,
    pub(super) text: String,
}

/// An error while reading the next line.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("Line {number} is longer than {} KiB: this is not a list of scores.", LINE_BYTES_MAX >> 10)]
    TooLong { number: u64 },
    #[error("Line {number} is not UTF-8 text: save the file as UTF-8 and try again.")]
    NotUtf8 { number: u64 },
    #[error("The file could not be read beyond line {after}.")]
    Read { after: u64, source: io::Error },
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(text: R) -> Self {
        Self { text, number: 0, has_failed: false }
    }

    fn read(&mut self) -> Result<Option<Line>, LineError> {
        let mut bytes = Vec::new();
        let read = (&mut self.text).take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut bytes);
        read.map_err(|source| LineError::Read { after: self.number, source })?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        if bytes.len() as u64 > LINE_BYTES_MAX {
            return Err(LineError::TooLong { number });
        }
        let text = String::from_utf8(bytes).map_err(|_| LineError::NotUtf8 { number })?;
        let text = text.trim_end_matches(['\n', '\r']);
        // Spreadsheets write this character at the beginning of UTF-8 files.
        let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { text };
        Ok(Some(Line { number, text: text.to_owned() }))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Line, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.has_failed {
                return None;
            }
            match self.read() {
                Ok(Some(line)) if line.text.trim().is_empty() => {}
                Ok(line) => return line.map(Ok),
                Err(error) => {
                    self.has_failed = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, String)> {
        Lines::new(text).map(|line| line.unwrap()).map(|line| (line.number, line.text)).collect()
    }

    fn error(text: &[u8]) -> String {
        Lines::new(text).find_map(Result::err).unwrap().to_string()
    }

    #[test]
    fn blank_lines_are_counted_and_left_out() {
        let lines = lines("\u{feff}a,b\r\n\n  \nc,d".as_bytes());
        assert_eq!(lines, [(1, "a,b".to_owned()), (4, "c,d".to_owned())]);
    }

    #[test]
    fn a_line_up_to_the_limit_is_read_and_a_longer_one_is_named() {
        let mut text = vec![b'x'; LINE_BYTES_MAX as usize - 1];
        text.push(b'\n');
        assert_eq!(lines(&text).len(), 1);

        let text = [b"a\n".as_slice(), &vec![b'x'; 1 << 20], b"\n"].concat();
        assert_eq!(error(&text), "Line 2 is longer than 64 KiB: this is not a list of scores.");
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_named() {
        assert!(error(b"a\nb\nM\xfcller\n").starts_with("Line 3 is not UTF-8"));
    }

    #[test]
    fn nothing_comes_after_an_error() {
        let mut lines = Lines::new(b"\xff\na\n".as_slice());
        assert!(lines.next().unwrap().is_err());
        assert!(lines.next().is_none());
    }
}
