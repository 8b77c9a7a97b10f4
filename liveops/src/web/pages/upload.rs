//! Forms with files. Files are written to the upload folder, or read into memory if a field takes the
//! content.

use std::{ffi::OsStr, path::Path, sync::Arc};

use tokio::io::{AsyncWriteExt, BufWriter};

use super::{body::FIELDS_MAX, multipart::Multipart};
use crate::{
    config::Config,
    form::{FieldType, FileContent, Form, Scalar, Texts, Upload},
    language::Text,
    operation::{OperationId, UserId},
    uploads::{KeptFiles, NewFiles, UploadFolder},
    web::error::{ErrorText, WebError},
};

/// Number of bytes of one write to a file. Large, because each write occupies a thread for blocking work.
const WRITE_BYTES: usize = 256 << 10;

/// The uploaded files of a request. Dropping this value deletes the files, unless they are kept.
#[derive(Debug)]
pub(in crate::web) struct Uploads {
    /// The ID of the operation that the files are for.
    id: OperationId,
    /// `None` before the first file.
    stored: Option<NewFiles>,
    files: Vec<Upload>,
    /// The fields with uploaded files.
    fields: Vec<String>,
    /// The fields that do not accept the name or the type of their file.
    refused: Vec<String>,
}

impl Uploads {
    pub(in crate::web) fn none() -> Self {
        Self {
            id: OperationId::new(),
            stored: None,
            files: Vec::new(),
            fields: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Returns the ID of the operation that the files are for.
    pub(in crate::web) fn operation_id(&self) -> OperationId {
        self.id
    }

    /// Returns the saved files.
    pub(in crate::web) fn files(&self) -> &[Upload] {
        &self.files
    }

    /// Replaces the names of the saved files in `text` by the names on the user's machine. A field of type `PathBuf`
    /// has only the path of the saved file.
    pub(in crate::web) fn with_file_names(&self, text: String) -> String {
        self.files.iter().fold(text, |text, file| {
            match file.path.file_name().and_then(OsStr::to_str) {
                Some(saved) => text.replace(saved, &file.file_name),
                None => text,
            }
        })
    }

    /// Returns the fields with uploaded files. Users did not type the values of these fields.
    pub(in crate::web) fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Returns the fields that do not accept their file.
    pub(in crate::web) fn refused(&self) -> &[String] {
        &self.refused
    }

    /// Saves a file, and returns its path.
    async fn save(
        &mut self,
        sender: &Sender<'_>,
        file_name: &str,
        media_type: &str,
        multipart: &mut Multipart,
    ) -> Result<String, WebError> {
        let stored = match self.stored.take() {
            Some(stored) => stored,
            None => sender.folder.open(self.id, sender.owner, sender.body_bytes).await?,
        };
        let (stored, file, path) = stored.create(extension(file_name)).await?;
        self.stored = Some(stored);
        let text = path.to_str().map(str::to_owned);
        let text = text.ok_or_else(|| std::io::Error::other("the upload folder is not UTF-8"))?;
        let mut file = BufWriter::with_capacity(WRITE_BYTES, tokio::fs::File::from_std(file));
        while let Some(chunk) = multipart.chunk().await? {
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        self.files.push(Upload::received(path, file_name, media_type));
        Ok(text)
    }

    /// Keeps the files on disk, because an operation will own them.
    pub(in crate::web) fn keep(self) -> Option<KeptFiles> {
        self.stored.and_then(NewFiles::keep)
    }
}

/// The sender of files, and the folder for them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) folder: &'a Arc<UploadFolder>,
    pub(super) owner: &'a UserId,
    /// The maximum size of all files together.
    pub(super) body_bytes: u64,
}

/// Reads a form with files. Each file is written to the upload folder, and its path becomes the value of the
/// field. If the field of `form` takes the content of a file, the content becomes the value. Files for fields
/// that take no file are dropped; without a form, no field takes one.
pub(super) async fn receive(
    config: &Config,
    form: Option<&Form>,
    sender: Sender<'_>,
    mut multipart: Multipart,
) -> Result<(Texts, Uploads), WebError> {
    let mut texts = Texts::default();
    let mut uploads = Uploads::none();
    let mut limits = PartLimits::new(config, form);
    while let Some(head) = multipart.next_part().await? {
        if head.is_nameless_file() {
            return Err(WebError::unreadable(Text::FileWithoutName));
        }
        let text = match head.file_name {
            None => {
                limits.add_text()?;
                limits.text_of(&head.name, &mut multipart).await?
            }
            // A browser sends an empty file field as a file without a name.
            Some(file_name) if file_name.is_empty() => {
                limits.add_text()?;
                continue;
            }
            Some(file_name) => {
                let (file_name, media_type) = (Upload::name_of(&file_name), head.media_type);
                let Some(field_type) = type_for_file(form, &head.name) else {
                    limits.add_text()?;
                    continue;
                };
                limits.add_file()?;
                let is_second = uploads.fields.contains(&head.name);
                if !is_second {
                    uploads.fields.push(head.name.clone());
                }
                if is_second && !field_type.is_multiple {
                    // Reports the error of a field with several values, and does not save another file.
                    let first = texts.of(&head.name).next().map(str::to_owned);
                    first.unwrap_or_default()
                } else if !field_type.accepts(&file_name, Some(&media_type)) {
                    uploads.refused.push(head.name);
                    continue;
                } else if field_type.scalar == Scalar::Content {
                    limits.content_of(field_type.max_length, &mut multipart).await?
                } else {
                    uploads.save(&sender, &file_name, &media_type, &mut multipart).await?
                }
            }
        };
        texts.push(head.name, text);
    }
    Ok((texts, uploads))
}

/// Returns the type of the file field `name`. Returns `None` if there is no such file field.
fn type_for_file(form: Option<&Form>, name: &str) -> Option<FieldType> {
    form?.field(name).map(|field| field.field_type).filter(FieldType::is_file)
}

/// The parts that a form may still have.
#[derive(Debug)]
struct PartLimits<'a> {
    config: &'a Config,
    texts: usize,
    text_bytes: usize,
    files: usize,
    files_max: usize,
    content_bytes: usize,
}

impl<'a> PartLimits<'a> {
    fn new(config: &'a Config, form: Option<&Form>) -> Self {
        let files_max = form.map_or(0, Form::files_max);
        Self { config, texts: 0, text_bytes: 0, files: 0, files_max, content_bytes: 0 }
    }

    fn add_text(&mut self) -> Result<(), WebError> {
        self.texts += 1;
        if self.texts > FIELDS_MAX { Err(WebError::too_many_fields(FIELDS_MAX)) } else { Ok(()) }
    }

    fn add_file(&mut self) -> Result<(), WebError> {
        self.files += 1;
        let files_max = self.files_max;
        if self.files > files_max { Err(WebError::too_many_files(files_max)) } else { Ok(()) }
    }

    /// Reads a text.
    async fn text_of(&mut self, name: &str, multipart: &mut Multipart) -> Result<String, WebError> {
        let bytes_max = self.config.body_bytes_max;
        let mut text = Vec::new();
        self.text_bytes += name.len();
        while let Some(chunk) = multipart.chunk().await? {
            self.text_bytes += chunk.len();
            if self.text_bytes > bytes_max {
                let bytes_max = bytes_max as u64;
                let found = None;
                return Err(WebError::too_large(ErrorText::InputTooLarge { found, bytes_max }));
            }
            text.extend_from_slice(&chunk);
        }
        String::from_utf8(text).map_err(|_| WebError::unreadable(Text::NotUtf8))
    }

    /// Reads the content of a file as Base64. Cuts a content above `bytes_max` to one byte more than the maximum, so
    /// that a later check refuses it.
    async fn content_of(
        &mut self,
        bytes_max: Option<u32>,
        multipart: &mut Multipart,
    ) -> Result<String, WebError> {
        let kept_max = bytes_max.map_or(usize::MAX, |max| max as usize + 1);
        let mut content = Vec::new();
        while let Some(chunk) = multipart.chunk().await? {
            let room = kept_max - content.len();
            content.extend_from_slice(&chunk[..chunk.len().min(room)]);
            // The row would be too large in any case.
            if self.content_bytes + content.len() > self.config.input_bytes_max {
                let bytes_max = self.config.input_bytes_max as u64;
                let found = None;
                return Err(WebError::too_large(ErrorText::InputTooLarge { found, bytes_max }));
            }
        }
        self.content_bytes += content.len();
        Ok(FileContent::from(content).to_base64())
    }
}

/// Returns the extension of a file name with its dot, if the extension is a word of at most 8 letters and
/// digits.
fn extension(file_name: &str) -> String {
    let extension = Path::new(file_name).extension().and_then(|extension| extension.to_str());
    let is_word = |word: &&str| word.len() <= 8 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    extension.filter(is_word).map(|word| format!(".{word}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::extension;

    #[test]
    fn only_a_plain_extension_of_a_file_name_is_kept() {
        for (name, kept) in
            [("a.csv", ".csv"), ("a", ""), ("../../x", ""), ("a.c/../d", ""), ("a.ćsv", "")]
        {
            assert_eq!(extension(name), kept, "{name}");
        }
    }
}
