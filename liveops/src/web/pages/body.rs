//! Bodies of requests, read with a limit on their size.

use axum::{
    body::{BodyDataStream, Bytes},
    extract::Request,
    http::{HeaderMap, header},
};
use futures_util::StreamExt;
use tokio::time::{Duration, timeout};

use crate::{
    form::{Texts, VALUES_MAX},
    language::Text,
    web::error::{ErrorText, WebError},
};

/// Maximum number of fields of a form, and of the text parts of a form with files.
pub(super) const FIELDS_MAX: usize = 1_000;

/// Number of values that a name in JSON counts as: a name needs far more memory than a number.
const NAME_COST: usize = 8;

/// Number of pieces in which a body of any size may arrive.
const PIECES_MAX: usize = 1 << 16;

/// Number of bytes for which a body may have one more piece. The cost of a piece does not depend on its size.
const PIECE_BYTES_MIN: usize = 64;

/// Maximum size of the rest of a refused body that is read, and maximum time to read it. A client reads the answer only
/// after it has sent the whole body.
const DISCARDED_BYTES_MAX: usize = 32 << 20;
const DISCARD_TIME_MAX: Duration = Duration::from_secs(10);

/// The kinds of bodies, which have different limits and messages.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) enum BodyKind {
    /// Fields without files, or JSON.
    Fields,
    /// A form with files.
    Files,
}

impl BodyKind {
    /// Returns the error for a body with more than `bytes_max` bytes, `found` of them if known.
    fn too_large(self, found: Option<u64>, bytes_max: usize) -> WebError {
        let bytes_max = bytes_max as u64;
        WebError::too_large(match self {
            Self::Fields => ErrorText::InputTooLarge { found, bytes_max },
            Self::Files => ErrorText::UploadTooLarge { found, bytes_max },
        })
    }
}

/// The body of a request, up to a maximum size.
///
/// If this value is dropped before the end of the body, a task reads and discards the rest for a while: most
/// clients send everything before they read the answer.
#[derive(Debug)]
pub(in crate::web) struct LimitedBody {
    data: Option<BodyDataStream>,
    kind: BodyKind,
    bytes_max: usize,
    announced: Option<u64>,
    bytes: usize,
    pieces: usize,
    /// `true` if the client waits for `100 Continue`, which hyper sends at the first read of the body.
    is_awaiting_continue: bool,
}

impl LimitedBody {
    /// Prepares the body for reading.
    ///
    /// # Errors
    ///
    /// Returns an error if the body is larger than `bytes_max` according to its `Content-Length`.
    pub(in crate::web) fn open(
        request: Request,
        kind: BodyKind,
        bytes_max: usize,
    ) -> Result<Self, WebError> {
        let (parts, body) = request.into_parts();
        let body = Self {
            data: Some(body.into_data_stream()),
            kind,
            bytes_max,
            announced: content_length(&parts.headers),
            bytes: 0,
            pieces: 0,
            is_awaiting_continue: parts.headers.contains_key(header::EXPECT),
        };
        match body.announced {
            Some(found) if found > bytes_max as u64 => Err(kind.too_large(Some(found), bytes_max)),
            _ => Ok(body),
        }
    }

    /// Returns the length of the body from its `Content-Length`, or else the maximum.
    pub(in crate::web) fn len_max(&self) -> u64 {
        self.announced.unwrap_or(self.bytes_max as u64)
    }

    /// Returns the next bytes, or `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns an error if the body is too large, arrives in too many pieces, or does not arrive.
    pub(in crate::web) async fn next(&mut self) -> Result<Option<Bytes>, WebError> {
        self.is_awaiting_continue = false;
        let Some(data) = &mut self.data else { return Ok(None) };
        let Some(piece) = data.next().await else {
            self.data = None;
            return Ok(None);
        };
        let piece = piece.map_err(|_| {
            self.data = None;
            WebError::bad_request(Text::Incomplete)
        })?;
        self.bytes += piece.len();
        self.pieces += 1;
        if self.bytes > self.bytes_max {
            return Err(self.kind.too_large(None, self.bytes_max));
        }
        if self.pieces > PIECES_MAX + self.bytes / PIECE_BYTES_MIN {
            self.data = None;
            return Err(WebError::bad_request(Text::TooManyPieces));
        }
        Ok(Some(piece))
    }

    /// Returns the whole body.
    ///
    /// # Errors
    ///
    /// Returns an error as [`next`](Self::next) does.
    pub(in crate::web) async fn collect(mut self) -> Result<Vec<u8>, WebError> {
        let len = self.announced.and_then(|len| usize::try_from(len).ok());
        let mut bytes = Vec::with_capacity(len.unwrap_or_default());
        while let Some(piece) = self.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

impl Drop for LimitedBody {
    fn drop(&mut self) {
        let Some(data) = self.data.take().filter(|_| !self.is_awaiting_continue) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(timeout(DISCARD_TIME_MAX, discard(data)));
        }
    }
}

async fn discard(mut data: BodyDataStream) {
    let (mut bytes, mut pieces) = (0, 0);
    while let Some(Ok(piece)) = data.next().await {
        bytes += piece.len();
        pieces += 1;
        if bytes > DISCARDED_BYTES_MAX || pieces > PIECES_MAX {
            return;
        }
    }
}

/// Reads fields in the format of an HTML form without files.
///
/// # Errors
///
/// Returns an error if there are too many fields, or if one is not UTF-8.
pub(in crate::web) fn parse_fields(form: &[u8]) -> Result<Texts, WebError> {
    // Counts the fields before they are parsed, because even an empty field becomes two texts.
    if form.split(|byte| *byte == b'&').filter(|field| !field.is_empty()).count() > FIELDS_MAX {
        return Err(WebError::too_many_fields(FIELDS_MAX));
    }
    Texts::parse(form).ok_or_else(|| WebError::unreadable(Text::NotUtf8))
}

/// Checks the number of values in a JSON text before the text is parsed. A parsed value needs far more memory
/// than its text.
///
/// # Errors
///
/// Returns an error if there may be more than [`VALUES_MAX`] values.
pub(in crate::web) fn check_values(json: &[u8]) -> Result<(), WebError> {
    let (mut values, mut is_text, mut is_escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            // Each value except the first one of an array or object follows a comma.
            b',' | b'[' | b'{' if !is_text => values += 1,
            b':' if !is_text => values += NAME_COST,
            _ => {}
        }
    }
    if values > VALUES_MAX { Err(WebError::too_many_values(VALUES_MAX)) } else { Ok(()) }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
