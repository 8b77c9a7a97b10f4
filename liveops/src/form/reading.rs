//! Reads the input of an operation from the texts of a form or from JSON, and checks every field.

use std::{cmp::Ordering, path::Path};

use serde_json::{Map, Value};

use super::{
    Absent, Bound, Control, Field, FieldType, FileContent, Form, FormErrors, Scalar, Texts, Upload,
    VALUES_MAX, file_kind, messages,
};
use crate::language::{Language, Text};

/// The conditions under which an input is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadContext<'a> {
    pub(crate) paths: Paths<'a>,
    /// The fields that received a file of a kind that the field does not accept.
    pub(crate) refused: &'a [String],
    /// The language of the error messages.
    pub(crate) language: &'a Language,
    /// `true` if texts may contain unknown fields, as forms on pages of other sites do.
    pub(crate) allows_unknown: bool,
}

/// The paths that are accepted as uploads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Paths<'a> {
    /// All paths: the sender of the input may read the files of this machine.
    Trusted,
    /// Only the paths of files that were uploaded with the request.
    Uploaded(&'a [Upload]),
}

impl Form {
    /// Reads the input from texts. Reads only fields of the form.
    ///
    /// # Errors
    ///
    /// Returns all errors of all fields.
    pub(crate) fn read_texts(
        &self,
        texts: &Texts,
        context: ReadContext<'_>,
    ) -> Result<Map<String, Value>, FormErrors> {
        let mut input = Map::new();
        let mut errors = FormErrors::new();
        for field in self.fields {
            let read = field.read_texts(texts);
            let max = [("max", VALUES_MAX.into())];
            let read = read.map_err(|text| context.language.translate_with(text, max));
            match read.and_then(|value| field.check(value, context)) {
                Ok(Some(value)) => drop(input.insert(field.name.to_owned(), value)),
                Ok(None) => {}
                Err(message) => errors.add(field.name, message),
            }
        }
        errors.check().map(|()| input)
    }

    /// Reads the input from JSON. Keys that are not fields of the form stay unchanged.
    ///
    /// # Errors
    ///
    /// Returns all errors of all fields.
    pub(crate) fn read_json(
        &self,
        mut input: Map<String, Value>,
        context: ReadContext<'_>,
    ) -> Result<Map<String, Value>, FormErrors> {
        let mut errors = FormErrors::new();
        for field in self.fields {
            match field.check(field.take(&mut input), context) {
                Ok(Some(value)) => drop(input.insert(field.name.to_owned(), value)),
                Ok(None) => {}
                Err(message) => errors.add(field.name, message),
            }
        }
        errors.check().map(|()| input)
    }
}

impl Field {
    fn read_texts(&self, texts: &Texts) -> Result<Option<Value>, Text> {
        match self.field_type.read(&self.texts(texts).ok_or(Text::TooManyValues)?)? {
            None if self.is_emptied(texts) => Ok(Some(Value::Array(Vec::new()))),
            value => Ok(value),
        }
    }

    /// Returns `true` if the list was sent empty. An empty list must not get the default again.
    fn is_emptied(&self, texts: &Texts) -> bool {
        self.field_type.is_multiple
            && self.default.is_some()
            && texts.of(self.name).next().is_some()
    }

    /// Returns the texts sent for the field, without blank ones. Returns `None` for more than [`VALUES_MAX`].
    fn texts(&self, texts: &Texts) -> Option<Vec<String>> {
        let is_listed =
            self.field_type.is_multiple && self.field_type.control == Control::Multiline;
        let texts = texts.of(self.name).filter(|text| !text.trim().is_empty());
        if is_listed {
            let lines = texts
                .flat_map(|text| text.split(['\n', '\r']))
                .map(str::trim)
                .filter(|line| !line.is_empty());
            let kept: Vec<String> = lines.take(VALUES_MAX + 1).map(str::to_owned).collect();
            return (kept.len() <= VALUES_MAX).then_some(kept);
        }
        let mut texts: Vec<String> = texts.map(str::to_owned).collect();
        // A hidden "no" precedes every checkbox, so a ticked checkbox sends two texts. The second one counts.
        if self.field_type.control == Control::Checkbox && texts.len() == 2 {
            texts.remove(0);
        }
        Some(texts)
    }

    fn take(&self, input: &mut Map<String, Value>) -> Option<Value> {
        let names = std::iter::once(self.name).chain(self.aliases.iter().copied());
        let found: Vec<Value> = names.filter_map(|name| input.remove(name)).collect();
        found.into_iter().next().filter(|value| !value.is_null() && !self.is_blank(value))
    }

    /// Returns `true` for a blank text in a required field.
    fn is_blank(&self, value: &Value) -> bool {
        self.is_required()
            && self.field_type.scalar == Scalar::Text
            && value.as_str().is_some_and(|text| text.trim().is_empty())
    }

    /// Returns the checked value, or the value for a field that was left out.
    fn check(
        &self,
        value: Option<Value>,
        context: ReadContext<'_>,
    ) -> Result<Option<Value>, String> {
        if context.refused.iter().any(|refused| refused == self.name) {
            return Err(self.field_type.not_accepted(context.language));
        }
        let (value, context) = match (value, self.default) {
            (Some(value), _) => (value, context),
            (None, Some(default)) => (default(), ReadContext { paths: Paths::Trusted, ..context }),
            (None, None) => {
                let absent = self.field_type.absent();
                return absent.map_err(|text| context.language.translate(text));
            }
        };
        // A default may be null, which stands for no value.
        if value.is_null() {
            return Ok(None);
        }
        self.field_type.check(&value, context)?;
        let value = self.field_type.with_names(value, context);
        (self.read)(&value)?;
        Ok(Some(value))
    }
}

impl FieldType {
    fn read(&self, texts: &[String]) -> Result<Option<Value>, Text> {
        match texts {
            [] => Ok(None),
            texts if self.is_multiple => {
                let items: Result<Vec<Value>, Text> =
                    texts.iter().map(|text| self.scalar.read(text)).collect();
                items.map(|items| Some(items.into()))
            }
            [text] => self.scalar.read(text).map(Some),
            _ => Err(Text::Several),
        }
    }

    fn absent(&self) -> Result<Option<Value>, Text> {
        match self.absent {
            Absent::Omitted => Ok(None),
            Absent::No => Ok(Some(false.into())),
            Absent::Empty => Ok(Some(Value::Array(Vec::new()))),
            Absent::Required => Err(match self.control {
                Control::File => Text::MissingFile,
                Control::Select => Text::MissingChoice,
                _ => Text::Missing,
            }),
        }
    }

    pub(super) fn check(&self, value: &Value, context: ReadContext<'_>) -> Result<(), String> {
        if !self.is_multiple {
            return self.check_one(value, context);
        }
        let items = value.as_array().ok_or_else(|| context.language.translate(Text::NotAList))?;
        items.iter().try_for_each(|item| self.check_one(item, context))
    }

    pub(super) fn check_one(&self, value: &Value, context: ReadContext<'_>) -> Result<(), String> {
        let checked = self.scalar.check(value).and_then(|()| self.check_choice(value));
        checked.map_err(|text| context.language.translate(text))?;
        self.check_bounds(value, context.language)?;
        match value {
            Value::String(text) => self.check_text(text, context),
            Value::Object(file) => match file.get("path").and_then(Value::as_str) {
                Some(path) => self.check_path(path, context),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Replaces the paths of uploaded files with their paths and names, if the field has both.
    fn with_names(&self, value: Value, context: ReadContext<'_>) -> Value {
        let Paths::Uploaded(uploads) = context.paths else { return value };
        if self.scalar != Scalar::Upload {
            return value;
        }
        match value {
            Value::Array(files) => {
                files.into_iter().map(|file| self.with_names(file, context)).collect()
            }
            Value::String(path) => {
                let upload = uploads.iter().find(|upload| upload.path == Path::new(&path));
                let named = upload.and_then(|upload| serde_json::to_value(upload).ok());
                named.unwrap_or(Value::String(path))
            }
            other => other,
        }
    }

    fn check_choice(&self, value: &Value) -> Result<(), Text> {
        let chosen = text_of(value);
        let is_known = self.choices.iter().any(|choice| choice.value == chosen);
        if is_known || self.choices.is_empty() { Ok(()) } else { Err(Text::NotAChoice) }
    }

    fn check_bounds(&self, value: &Value, language: &Language) -> Result<(), String> {
        let is_beyond = |bound: Option<Bound>, side: Ordering| {
            bound.and_then(|bound| self.compare(value, bound)) == Some(side)
        };
        if is_beyond(self.min, Ordering::Less) || is_beyond(self.max, Ordering::Greater) {
            return Err(messages::out_of_bounds(language, self.min, self.max, &text_of(value)));
        }
        Ok(())
    }

    fn compare(&self, value: &Value, bound: Bound) -> Option<Ordering> {
        match bound {
            Bound::Whole(bound) => match value.as_number()?.as_i128() {
                Some(number) => Some(number.cmp(&bound)),
                None => value.as_f64()?.partial_cmp(&(bound as f64)),
            },
            Bound::Decimal(bound) => value.as_f64()?.partial_cmp(&bound),
            Bound::Text(bound) => Some(self.in_order(value.as_str()?)?.cmp(&self.in_order(bound)?)),
        }
    }

    /// Returns a date or a time in the format in which the order of texts is the order in time.
    fn in_order(&self, text: &str) -> Option<String> {
        let text = self.scalar.read(text).ok()?;
        // A `Z` would sort after the fraction of a second.
        Some(text.as_str()?.trim_end_matches('Z').to_owned())
    }

    fn check_text(&self, text: &str, context: ReadContext<'_>) -> Result<(), String> {
        match self.scalar {
            Scalar::Path | Scalar::Upload => self.check_path(text, context),
            Scalar::Content => self.check_content(text, context.language),
            _ => self.check_line(text, context.language),
        }
    }

    fn check_line(&self, text: &str, language: &Language) -> Result<(), String> {
        let length = text.chars().count();
        if let Some(max) = self.max_length.filter(|max| length > *max as usize) {
            let args = [("max", max.into()), ("found", length.into())];
            return Err(language.translate_with(Text::TooLong, args));
        }
        match self.control {
            Control::Email if !is_email(text) => Err(language.translate(Text::NotAnEmail)),
            Control::Url if !is_url(text) => Err(language.translate(Text::NotAUrl)),
            _ => Ok(()),
        }
    }

    fn check_content(&self, base64: &str, language: &Language) -> Result<(), String> {
        let length = FileContent::length(base64);
        let length = length.ok_or_else(|| language.translate(Text::NotBase64))?;
        match self.max_length.filter(|max| length > *max as usize) {
            Some(max) => Err(language.translate_with(Text::FileTooLarge, [("max", max.into())])),
            None => Ok(()),
        }
    }

    fn check_path(&self, path: &str, context: ReadContext<'_>) -> Result<(), String> {
        match context.paths {
            // The name was checked during the upload, and the file is saved under another name.
            Paths::Uploaded(uploads) if is_upload(uploads, path) => Ok(()),
            Paths::Uploaded(_) if !self.allows_any_path => {
                Err(context.language.translate(Text::NotUploaded))
            }
            _ if !self.accepts(path, None) => Err(self.not_accepted(context.language)),
            _ => Ok(()),
        }
    }

    /// Returns `true` if the field accepts a file of this name and media type. A file of this machine has no type.
    pub(crate) fn accepts(&self, name: &str, content_type: Option<&str>) -> bool {
        file_kind::accepts(self.accept, name, content_type)
    }

    fn not_accepted(&self, language: &Language) -> String {
        language.translate_with(Text::NotAccepted, [("accept", self.accept.into())])
    }
}

fn is_upload(uploads: &[Upload], path: &str) -> bool {
    uploads.iter().any(|upload| upload.path == Path::new(path))
}

/// Returns the text of a value as a form shows it.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Checks the address as HTML does. Stricter rules would refuse addresses that mail servers accept.
fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let is_plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    is_plain(name) && is_plain(host)
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    is_scheme && !rest.is_empty() && !text.contains(char::is_whitespace)
}
