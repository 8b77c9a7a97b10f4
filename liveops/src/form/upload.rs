//! An uploaded file with the name that the user gave it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::file_kind;

/// An uploaded file: the path of the saved file, and the name of the file on the user's machine.
///
/// A field of this type is an upload, like a `PathBuf`. [`LiveOps::prune`](crate::LiveOps::prune) deletes the file
/// together with its operation. In JSON a file is `{"path", "file_name", "content_type"}`. A path alone is valid too,
/// for code that has its own file and for `--set` on the command line.
///
/// ```
/// use liveops::form::Upload;
///
/// let upload: Upload = serde_json::from_str(r#""/srv/scores.csv""#).unwrap();
/// assert_eq!(upload, Upload::from("/srv/scores.csv"));
/// assert_eq!(upload.file_name, "scores.csv");
/// assert_eq!(upload.content_type, "text/csv");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Upload {
    /// The path of the saved file. liveops chooses the name, and keeps only the extension of the original name.
    pub path: PathBuf,
    /// The name of the file on the user's machine, without folders and control characters; 1 to 255 characters. The
    /// user chose this name. Show it to people, and do not use it as a path.
    pub file_name: String,
    /// The media type, such as `text/csv`, as the user's browser sent it. liveops does not compare the type with the
    /// content. Empty if unknown.
    pub content_type: String,
}

impl Upload {
    /// Maximum number of characters of a file name.
    const NAME_LEN_MAX: usize = 255;

    /// Creates the upload that is saved at `path` from the name and the type that a client sent.
    pub(crate) fn received(path: PathBuf, file_name: &str, content_type: &str) -> Self {
        Self { path, file_name: Self::name_of(file_name), content_type: essence(content_type) }
    }

    /// Returns the last part of a name that a client sent, without control characters.
    pub(crate) fn name_of(sent: &str) -> String {
        let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
        let kept = last.chars().filter(|c| !c.is_control()).take(Self::NAME_LEN_MAX);
        let name: String = kept.collect();
        match name.trim() {
            "" | "." | ".." => "upload".to_owned(),
            name => name.to_owned(),
        }
    }
}

/// Returns a media type without its parameters, or an empty text if it is no media type.
fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_token = |text: &str| {
        (1..=127).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match essence.split_once('/') {
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) => {
            essence.to_ascii_lowercase()
        }
        _ => String::new(),
    }
}

impl<P: Into<PathBuf>> From<P> for Upload {
    /// Takes the name and the type from the path.
    fn from(path: P) -> Self {
        let path = path.into();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let content_type = file_kind::of_name(&name).unwrap_or_default();
        let (name, content_type) = (Self::name_of(&name), content_type.to_owned());
        Self { path, file_name: name, content_type }
    }
}

/// Shows the name of the file.
impl fmt::Display for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.file_name)
    }
}

impl AsRef<Path> for Upload {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl<'de> Deserialize<'de> for Upload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            path: PathBuf,
            #[serde(default)]
            file_name: Option<String>,
            #[serde(default)]
            content_type: Option<String>,
        }

        struct PathOrFields;

        impl<'de> Visitor<'de> for PathOrFields {
            type Value = Upload;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<Upload, E> {
                Ok(path.into())
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Upload, A::Error> {
                let fields = Fields::deserialize(MapAccessDeserializer::new(fields))?;
                let of_path = Upload::from(fields.path);
                Ok(Upload {
                    file_name: fields.file_name.unwrap_or(of_path.file_name),
                    content_type: fields.content_type.unwrap_or(of_path.content_type),
                    path: of_path.path,
                })
            }
        }

        deserializer.deserialize_any(PathOrFields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_what_was_sent() {
        let long = "x".repeat(300);
        for (sent, name) in [
            ("scores.csv", "scores.csv"),
            ("C:\\Users\\ann\\Zażółć.csv", "Zażółć.csv"),
            ("../../etc/passwd", "passwd"),
            ("a\0b\r\nc\u{9b}.csv", "abc.csv"),
            ("..", "upload"),
            ("a/", "upload"),
            (" \t", "upload"),
            (&long, &long[..255]),
        ] {
            assert_eq!(Upload::name_of(sent), name, "{sent:?}");
        }
    }

    #[test]
    fn a_type_is_a_media_type_or_empty() {
        for (sent, kept) in [
            ("Text/CSV; charset=utf-8", "text/csv"),
            ("image/svg+xml", "image/svg+xml"),
            ("text", ""),
            ("text/<b>", ""),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(Upload::received("a".into(), "a", sent).content_type, kept, "{sent}");
        }
    }

    #[test]
    fn json_contains_all_three_parts() {
        let upload = Upload::received("/srv/1.csv".into(), "scores.csv", "text/csv");
        let json = serde_json::to_value(&upload).unwrap();
        let expected = serde_json::json!({
            "path": "/srv/1.csv", "file_name": "scores.csv", "content_type": "text/csv",
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Upload>(json).unwrap(), upload);
    }
}
