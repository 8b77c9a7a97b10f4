//! The input of an operation from the arguments of `run`.

use std::{fs, io, path::Path, slice};

use serde_json::Value;

use super::{args::RunArgs, error::CommandError, messages};
use crate::{
    form::{Field, Form, Scalar, Texts},
    language::Language,
    operation::{NewOperation, Owner},
    runner::{Engine, RawInput, RegisteredOperation},
};

/// Reads the operation that the arguments of `run` describe.
pub(super) fn read(
    engine: &Engine,
    language: &Language,
    run: &RunArgs,
) -> Result<NewOperation, CommandError> {
    let operation = find(engine, &run.op_type)?;
    let owner = Owner { id: run.owner.as_str().into(), languages: language.tag().to_owned() };
    let new = match &run.input {
        Some(path) => operation.read(RawInput::Json(&bytes(path)?), language, &owner),
        None => {
            let texts: Texts = run.set.iter().cloned().collect();
            operation.read(RawInput::Form(&texts), language, &owner)
        }
    };
    let new = new.map_err(|error| CommandError::usage(error.to_string()))?;
    check_files(operation.form, &new.input)?;
    Ok(new)
}

/// Refuses the path of a missing file in a field for an upload.
fn check_files(form: Option<&Form>, input: &Value) -> Result<(), CommandError> {
    let fields = form.into_iter().flat_map(|form| form.fields);
    let uploads = fields.filter(|Field { field_type, .. }| {
        field_type.scalar == Scalar::Path && !field_type.allows_any_path
    });
    for field in uploads {
        let value = &input[field.name];
        let paths = value.as_array().map_or(slice::from_ref(value), Vec::as_slice);
        let missing =
            paths.iter().filter_map(Value::as_str).find(|path| !Path::new(path).is_file());
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
    read.map_err(|error| CommandError::usage(format!("failed to read {}: {error}", path.display())))
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
