use std::path::{Path, PathBuf};

use axum::{
    extract::{
        Multipart,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
};
use tempfile::{Builder, TempPath};
use tokio::io::AsyncWriteExt;

use crate::{
    config::Config,
    form::{FieldType, FileContent, Form, Scalar, Texts},
    web::error::WebError,
};

/// The files of a request: gone with this value unless they are kept.
#[derive(Debug)]
pub(in crate::web) struct Uploads {
    files: Vec<TempPath>,
    /// The fields that files came for.
    fields: Vec<String>,
    /// Those of them that take no file of such a name.
    refused: Vec<String>,
}

impl Uploads {
    pub(in crate::web) fn none() -> Self {
        Self { files: Vec::new(), fields: Vec::new(), refused: Vec::new() }
    }

    /// Where they are.
    pub(in crate::web) fn paths(&self) -> Vec<String> {
        self.files.iter().map(|file| file.to_string_lossy().into_owned()).collect()
    }

    /// The fields that files came for, of which nobody typed the value.
    pub(in crate::web) fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Those of them that take no file of the name that it had.
    pub(in crate::web) fn refused(&self) -> &[String] {
        &self.refused
    }

    async fn save(
        &mut self,
        config: &Config,
        file_name: &str,
        field: Field<'_>,
    ) -> Result<String, WebError> {
        let file = save(config, file_name, field).await?;
        let path = file.to_string_lossy().into_owned();
        self.files.push(file);
        Ok(path)
    }

    /// Leaves the files where they are: they belong to an operation now.
    pub(in crate::web) fn keep(self) {
        for file in self.files {
            if let Err(error) = file.keep() {
                tracing::error!(%error, "failed to keep an upload");
            }
        }
    }
}

/// Reads a form with files: each file is written to the upload folder, and the value of its field
/// is its path. Where `form` asks for the content of a file, that is the value; what it asks for no
/// file for is dropped.
pub(in crate::web) async fn receive(
    config: &Config,
    form: Option<&Form>,
    mut multipart: Multipart,
) -> Result<(Texts, Uploads), WebError> {
    let mut texts = Texts::default();
    let mut uploads = Uploads::none();
    while let Some(field) = multipart.next_field().await.map_err(|error| failed(config, &error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let text = match field.file_name().map(str::to_owned) {
            // A browser sends a file field that was left empty as a file without a name.
            Some(file_name) if file_name.is_empty() => continue,
            Some(file_name) => {
                let Some(field_type) = type_for_file(form, &name) else { continue };
                uploads.fields.push(name.clone());
                if !field_type.accepts(&file_name) {
                    uploads.refused.push(name);
                    continue;
                }
                if field_type.scalar == Scalar::Content {
                    content(config, field_type.max_length, field).await?
                } else {
                    uploads.save(config, &file_name, field).await?
                }
            }
            None => field.text().await.map_err(|error| failed(config, &error))?,
        };
        texts.push(name, text);
    }
    Ok((texts, uploads))
}

/// What a file of this name is for; nothing where `form` asks for none. Without a form any may be a path.
fn type_for_file(form: Option<&Form>, name: &str) -> Option<FieldType> {
    let Some(form) = form else { return Some(FieldType::FILE) };
    form.field(name).map(|field| field.field_type).filter(FieldType::is_file)
}

fn failed(config: &Config, error: &MultipartError) -> WebError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => WebError::too_large(config.upload_bytes_max),
        _ => WebError::unreadable(error.body_text()),
    }
}

/// The content of a file as Base64. Of one that is too large no more is kept than it takes to see that.
async fn content(
    config: &Config,
    bytes_max: Option<u32>,
    mut field: Field<'_>,
) -> Result<String, WebError> {
    let kept_max = bytes_max.map_or(usize::MAX, |max| max as usize + 1);
    let mut content = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| failed(config, &error))? {
        let room = kept_max - content.len();
        content.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Ok(FileContent::from(content).to_base64())
}

async fn save(
    config: &Config,
    file_name: &str,
    mut field: Field<'_>,
) -> Result<TempPath, WebError> {
    let dir = config.upload_dir.clone();
    tokio::fs::create_dir_all(&dir).await?;
    let suffix = suffix(file_name);
    let file = tokio::task::spawn_blocking(move || create(dir, &suffix))
        .await
        .map_err(std::io::Error::other)??;
    let (file, path) = file.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    while let Some(chunk) = field.chunk().await.map_err(|error| failed(config, &error))? {
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    Ok(path)
}

fn create(dir: PathBuf, suffix: &str) -> std::io::Result<tempfile::NamedTempFile> {
    Builder::new().prefix("upload-").suffix(suffix).rand_bytes(16).tempfile_in(dir)
}

/// What is kept of a file's name: its extension, if that is a short word.
fn suffix(file_name: &str) -> String {
    let extension = Path::new(file_name).extension().and_then(|extension| extension.to_str());
    let is_word = |word: &&str| word.len() <= 8 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    extension.filter(is_word).map(|word| format!(".{word}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::suffix;

    #[test]
    fn only_a_plain_extension_is_kept_of_a_name() {
        for (name, kept) in
            [("a.csv", ".csv"), ("a", ""), ("../../x", ""), ("a.c/../d", ""), ("a.ćsv", "")]
        {
            assert_eq!(suffix(name), kept, "{name}");
        }
    }
}
