//! The input of an operation from the arguments of `run`.

use std::{
    fs, io,
    path::{self, Path},
    slice,
};

use serde_json::Value;

use super::{args::RunArgs, error::CommandError, messages};
use crate::{
    form::{Field, Form, Scalar, Texts},
    language::Language,
    operation::{NewOperation, Owner},
    runner::{Engine, RawInput, RegisteredOperation},
};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads the operation that the arguments of `run` describe.
pub(super) fn read(
    engine: &Engine,
    language: &Language,
    run: &RunArgs,
) -> Result<NewOperation, CommandError> {
    let operation = find(engine, &run.op_type)?;
    let owner = Owner { id: run.owner.as_str().into(), languages: language.tag().to_owned() };
    let new = match &run.input {
        Some(path) => {
            let json = with_absolute_paths(operation.form, bytes(path)?);
            operation.read(RawInput::Json(&json), language, &owner)
        }
        None => {
            let set = run.set.iter().map(|(name, text)| {
                let is_path = path_fields(operation.form).any(|field| field.name == name);
                let text = if is_path { absolute(text) } else { text.clone() };
                (name.clone(), text)
            });
            let texts: Texts = set.collect();
            operation.read(RawInput::Form(&texts), language, &owner)
        }
    };
    let new = new.map_err(|error| CommandError::usage(error.to_string()))?;
    check_files(operation.form, &new.input)?;
    Ok(new)
}

fn path_fields(form: Option<&'static Form>) -> impl Iterator<Item = &'static Field> {
    let fields = form.into_iter().flat_map(|form| form.fields);
    fields.filter(|field| matches!(field.field_type.scalar, Scalar::Path | Scalar::Upload))
}

/// Returns the absolute path, because a retry may run in another working directory.
fn absolute(path: &str) -> String {
    // An empty path has no absolute form. A later check refuses it.
    let absolute = path::absolute(path).ok();
    absolute
        .and_then(|path| path.into_os_string().into_string().ok())
        .unwrap_or_else(|| path.to_owned())
}

/// Returns the input with absolute paths in all fields for paths. Does not change other input, nor input that is not an
/// object.
fn with_absolute_paths(form: Option<&'static Form>, json: Vec<u8>) -> Vec<u8> {
    let Ok(Value::Object(mut input)) = serde_json::from_slice(&json) else { return json };
    let mut is_changed = false;
    for field in path_fields(form) {
        let Some(value) = input.get_mut(field.name) else { continue };
        let paths = match value {
            Value::Array(paths) => paths.iter_mut().collect(),
            path => vec![path],
        };
        for path in paths {
            // An upload may also be an object with its path and its name.
            let path = match path {
                Value::Object(file) => file.get_mut("path"),
                path => Some(path),
            };
            if let Some(Value::String(text)) = path {
                let absolute = absolute(text);
                is_changed |= absolute != *text;
                *text = absolute;
            }
        }
    }
    if is_changed { Value::Object(input).to_string().into_bytes() } else { json }
}

/// Refuses the path of a missing file in a field for an upload.
fn check_files(form: Option<&'static Form>, input: &Value) -> Result<(), CommandError> {
    for field in path_fields(form).filter(|field| !field.field_type.allows_any_path) {
        let value = &input[field.name];
        let paths = value.as_array().map_or(slice::from_ref(value), Vec::as_slice);
        let paths = paths.iter().filter_map(|file| file.as_str().or_else(|| file["path"].as_str()));
        let missing = paths.into_iter().find(|path| !Path::new(path).is_file());
        if let Some(path) = missing {
            return Err(CommandError::usage(messages::no_file(field.name, path)));
        }
    }
    Ok(())
}

fn find<'a>(engine: &'a Engine, op_type: &str) -> Result<&'a RegisteredOperation, CommandError> {
    engine.registry.find(op_type).ok_or_else(|| {
        let mut known: Vec<&str> = engine.registry.iter().map(|it| it.kind.op_type).collect();
        known.sort_unstable();
        CommandError::usage(messages::unknown_type(op_type, similar(op_type, &known), &known))
    })
}

/// Returns the type of `known` with the name most similar to that of `found`. The app names are not
/// compared: many types have the same app.
fn similar<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = |op_type: &'_ str| op_type.rsplit('.').next().unwrap_or_default().to_lowercase();
    let similarity = |known: &str| strsim::jaro_winkler(&name(known), &name(found));
    let candidates = known.iter().map(|known| (similarity(known), *known));
    let candidates = candidates.filter(|(similarity, _)| *similarity > 0.8);
    candidates.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, known)| known)
}

fn bytes(path: &Path) -> Result<Vec<u8>, CommandError> {
    let read = if path == Path::new("-") {
        let mut text = Vec::new();
        io::Read::read_to_end(&mut io::stdin(), &mut text).map(|_| text)
    } else {
        fs::read(path)
    };
    // Some editors and shells write a byte order mark.
    let read =
        read.map(|text| text.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec).unwrap_or(text));
    read.map_err(|error| CommandError::usage(messages::unreadable_file(path, &error)))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_file_is_refused_before_the_operation_runs() {
        const FIELDS: &[Field] = &[
            Field::of::<PathBuf>("file"),
            Field::of::<Vec<PathBuf>>("more"),
            Field::of::<PathBuf>("new").any_path(),
            Field::of::<String>("text"),
        ];
        const FORM: &Form = &Form { intro: "", fields: FIELDS };
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let checked = |file: &str, more: &[&str]| {
            let input = json!({ "file": file, "more": more, "new": "none", "text": "none" });
            check_files(Some(FORM), &input).map_err(|failure| failure.message)
        };
        assert_eq!(checked(here, &[here]), Ok(()));
        let message = "file: expected the path of an existing file, found none.csv";
        assert_eq!(checked("none.csv", &[]), Err(message.to_owned()));
        let message = "more: expected the path of an existing file, found none.csv";
        assert_eq!(checked(here, &[here, "none.csv"]), Err(message.to_owned()));
    }
}
