//! The content of a small uploaded file.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The content of an uploaded file, stored in the row of the operation as Base64 in JSON.
///
/// For small files, because a row is read as a whole. A form accepts up to 1 MiB unless `#[field(max_length =
/// …)]` sets another limit. For larger files use a `PathBuf`, which contains the path of the saved upload.
///
/// ```
/// use liveops::form::FileContent;
///
/// let content = FileContent::from(b"a,b\n".to_vec());
/// assert_eq!(serde_json::to_value(&content).unwrap(), "YSxiCg==");
/// assert_eq!(content.as_ref(), b"a,b\n");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FileContent(Vec<u8>);

impl FileContent {
    /// Returns the bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn to_base64(&self) -> String {
        BASE64_STANDARD.encode(&self.0)
    }

    /// Returns the number of bytes that a Base64 text encodes, or `None` if the text is not Base64.
    pub(super) fn length(base64: &str) -> Option<usize> {
        BASE64_STANDARD.decode(base64).ok().map(|bytes| bytes.len())
    }
}

impl From<Vec<u8>> for FileContent {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for FileContent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileContent({} bytes)", self.0.len())
    }
}

impl Serialize for FileContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}

impl<'de> Deserialize<'de> for FileContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map(Self).map_err(|_| de::Error::custom("expected Base64"))
    }
}
