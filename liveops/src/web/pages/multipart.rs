//! The parts of a body of type `multipart/form-data`, read piece by piece.

use axum::{
    body::Bytes,
    http::{HeaderMap, header},
};
use memchr::memmem::Finder;

use super::body::LimitedBody;
use crate::{
    language::Text,
    web::{
        error::WebError,
        header_params::{HeaderParams, essence},
    },
};

/// Maximum size of the headers of a part with the empty line behind them, in bytes.
const HEAD_BYTES_MAX: usize = 8 << 10;

/// Maximum length of a boundary, from RFC 2046.
const BOUNDARY_LEN_MAX: usize = 70;

/// A reader of parts. Holds one piece of the body, and at most [`HEAD_BYTES_MAX`] bytes in addition.
#[derive(Debug)]
pub(super) struct Multipart {
    body: LimitedBody,
    /// The received bytes that were not read.
    buffer: Vec<u8>,
    /// The number of bytes at the beginning of `buffer` that were read.
    read: usize,
    /// The text between two parts.
    delimiter: Finder<'static>,
    is_in_part: bool,
}

/// The headers of a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartHead {
    /// The name of the field.
    pub(super) name: String,
    /// The name of the file. `None` for a text.
    pub(super) file_name: Option<String>,
    /// The media type in lower case, without its parameters. Empty for none.
    pub(super) media_type: String,
}

impl Multipart {
    /// Prepares to read the parts of `body`.
    ///
    /// # Errors
    ///
    /// Returns an error if the `Content-Type` in `headers` has no usable boundary.
    pub(super) fn new(headers: &HeaderMap, body: LimitedBody) -> Result<Self, WebError> {
        let content_type = headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| HeaderParams::parse(value.as_bytes()));
        let boundary = content_type.and_then(|mut params| params.remove("boundary"));
        let boundary = boundary.filter(|text| (1..=BOUNDARY_LEN_MAX).contains(&text.len()));
        let boundary = boundary.ok_or_else(unreadable)?;
        Ok(Self {
            body,
            // At the start of the body, no line break precedes the first delimiter.
            buffer: b"\r\n".to_vec(),
            read: 0,
            delimiter: Finder::new(&[b"\r\n--", &*boundary].concat()).into_owned(),
            is_in_part: true,
        })
    }

    /// Returns the headers of the next part, or `None` after the last one. Skips the rest of the current part.
    pub(super) async fn next_part(&mut self) -> Result<Option<PartHead>, WebError> {
        while self.chunk().await?.is_some() {}
        self.read += self.delimiter.needle().len();
        while self.rest().len() < 2 {
            self.fill().await?;
        }
        if self.rest().starts_with(b"--") {
            // Only a line break and a text to ignore may follow. Reads this text to the end of the body.
            while self.body.next().await?.is_some() {}
            return Ok(None);
        }
        let head = loop {
            if let Some(head) = self.take_head() {
                break head;
            }
            if self.rest().len() >= HEAD_BYTES_MAX {
                return Err(unreadable());
            }
            self.fill().await?;
        };
        self.is_in_part = true;
        PartHead::parse(&head).map(Some)
    }

    /// Returns the next bytes of the current part, or `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, WebError> {
        while self.is_in_part {
            let rest = self.rest();
            let end = match self.delimiter.find(rest) {
                Some(0) => {
                    self.is_in_part = false;
                    break;
                }
                Some(start) => start,
                // The delimiter may begin in these bytes and end in the next ones.
                None => rest.len().saturating_sub(self.delimiter.needle().len() - 1),
            };
            if end > 0 {
                let chunk = Bytes::copy_from_slice(&rest[..end]);
                self.read += end;
                return Ok(Some(chunk));
            }
            self.fill().await?;
        }
        Ok(None)
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.read..]
    }

    /// Takes the headers from the rest of the line of the delimiter to the empty line.
    fn take_head(&mut self) -> Option<Vec<u8>> {
        let rest = self.rest();
        let end = memchr::memmem::find(&rest[..rest.len().min(HEAD_BYTES_MAX)], b"\r\n\r\n")?;
        let head = rest[..end].to_vec();
        self.read += end + b"\r\n\r\n".len();
        Some(head)
    }

    /// Receives more bytes.
    async fn fill(&mut self) -> Result<(), WebError> {
        let piece = self.body.next().await?.ok_or_else(unreadable)?;
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.extend_from_slice(&piece);
        Ok(())
    }
}

impl PartHead {
    /// Reads the rest of the line of the delimiter, which is blank, and the headers.
    fn parse(head: &[u8]) -> Result<Self, WebError> {
        let head = std::str::from_utf8(head).map_err(|_| WebError::unreadable(Text::NotUtf8))?;
        let mut lines = head.split("\r\n");
        if lines.next().is_none_or(|padding| !padding.trim_matches([' ', '\t']).is_empty()) {
            return Err(unreadable());
        }
        let (mut disposition, mut media_type) = (None, String::new());
        for line in lines {
            let (name, value) = line.split_once(':').ok_or_else(unreadable)?;
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "content-disposition" => disposition = HeaderParams::parse(value.as_bytes()),
                "content-type" => media_type = essence(value),
                // RFC 7578 deprecates the encodings, and no browser sends one.
                "content-transfer-encoding" if !is_identity(value) => return Err(unreadable()),
                _ => {}
            }
        }
        let mut disposition = disposition.ok_or_else(unreadable)?;
        let mut text = |name| -> Result<Option<String>, WebError> {
            let value = disposition.remove(name).map(String::from_utf8).transpose();
            let value = value.map_err(|_| WebError::unreadable(Text::NotUtf8))?;
            Ok(value.map(|value| unescaped(&value)))
        };
        let name = text("name")?.ok_or_else(unreadable)?;
        let plain = text("filename")?;
        let file_name = match disposition.remove_extended("filename") {
            None => plain,
            Some(decoded) => Some(decoded.ok_or_else(|| WebError::unreadable(Text::NotUtf8))?),
        };
        Ok(Self { name, file_name, media_type })
    }

    /// Returns `true` for a part without a file name that has the media type of a file.
    pub(super) fn is_nameless_file(&self) -> bool {
        let is_text = ["", "text/plain", "application/json"].contains(&self.media_type.as_str());
        self.file_name.is_none() && !is_text
    }
}

fn is_identity(encoding: &str) -> bool {
    ["7bit", "8bit", "binary"].iter().any(|identity| encoding.eq_ignore_ascii_case(identity))
}

/// Reverses the escapes with which browsers write quotation marks and line breaks in names.
fn unescaped(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

fn unreadable() -> WebError {
    WebError::unreadable(Text::NotAForm)
}
