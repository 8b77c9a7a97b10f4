//! Forms with files. Files are written to the upload folder, or read into memory if a field takes the
//! content.

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
    operation::OperationId,
    web::error::WebError,
};

/// The uploaded files of a request. Dropping this value removes the files, unless they are kept.
#[derive(Debug)]
pub(in crate::web) struct Uploads {
    files: Vec<TempPath>,
    /// The fields with uploaded files.
    fields: Vec<String>,
    /// The fields that do not accept the name of their file.
    refused: Vec<String>,
}

impl Uploads {
    pub(in crate::web) fn none() -> Self {
        Self { files: Vec::new(), fields: Vec::new(), refused: Vec::new() }
    }

    /// Returns the paths of the files.
    pub(in crate::web) fn paths(&self) -> Vec<String> {
        self.files.iter().map(|file| file.to_string_lossy().into_owned()).collect()
    }

    /// Returns the fields with uploaded files. Users did not type the values of these fields.
    pub(in crate::web) fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Returns the fields that do not accept the name of their file.
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

    /// Keeps the files on disk, because they are to belong to an operation. The files stay even if this
    /// process dies while it enqueues the operation.
    pub(in crate::web) fn keep(self) -> KeptUploads {
        let keep = |file: TempPath| match file.keep() {
            Ok(path) => Some(path),
            Err(error) => {
                let path = error.path.display();
                tracing::error!(
                    %error,
                    %path,
                    "could not keep an uploaded file; the operation runs without it"
                );
                None
            }
        };
        KeptUploads { files: self.files.into_iter().filter_map(keep).collect() }
    }
}

/// The uploaded files of an operation. Dropping this value leaves the files on disk.
#[derive(Debug)]
pub(in crate::web) struct KeptUploads {
    files: Vec<PathBuf>,
}

impl KeptUploads {
    /// Deletes the files, because they belong to no operation.
    pub(in crate::web) async fn delete(self) {
        for path in self.files {
            if let Err(error) = tokio::fs::remove_file(&path).await {
                let path = path.display();
                tracing::warn!(%error, %path, "could not delete an uploaded file; delete it by hand");
            }
        }
    }

    /// Logs the files that stay because the database did not answer whether their operation exists.
    pub(in crate::web) fn leave(self, id: OperationId) {
        for path in self.files {
            let path = path.display();
            tracing::warn!(
                %id,
                %path,
                "could not read whether the operation of an uploaded file exists; keeping the file"
            );
        }
    }
}

/// Reads a form with files. Each file is written to the upload folder, and its path becomes the value of the
/// field. If the field of `form` takes the content of a file, the content becomes the value. Files for fields
/// that take no file are dropped.
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
            // A browser sends an empty file field as a file without a name.
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

/// Returns the type of the file field `name`. Returns `None` if `form` has no such file field. Without a
/// form, every field takes a path.
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

/// Reads the content of a file as Base64. A content above `bytes_max` is cut to one byte more than the
/// maximum, which is enough to refuse it later.
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

/// Returns the extension of a file name with its dot, if the extension is a word of at most 8 letters and
/// digits.
fn suffix(file_name: &str) -> String {
    let extension = Path::new(file_name).extension().and_then(|extension| extension.to_str());
    let is_word = |word: &&str| word.len() <= 8 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    extension.filter(is_word).map(|word| format!(".{word}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::suffix;

    #[test]
    fn only_a_plain_extension_of_a_file_name_is_kept() {
        for (name, kept) in
            [("a.csv", ".csv"), ("a", ""), ("../../x", ""), ("a.c/../d", ""), ("a.ćsv", "")]
        {
            assert_eq!(suffix(name), kept, "{name}");
        }
    }
}
