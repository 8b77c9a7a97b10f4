//! The input of an operation as its owner entered it.

use std::path::Path;

use serde_json::Value;

use super::{Control, Field, Form, Scalar};

/// The part of an input that the owner entered.
#[derive(Debug, Clone)]
pub(crate) enum EnteredInput {
    /// The fields of a form with their values.
    Fields(&'static Form, Vec<(&'static Field, Value)>),
    /// The whole input of an operation without a form.
    Whole(Value),
}

impl EnteredInput {
    /// Returns the part of `input` that its owner entered in a form. Hidden fields, passwords and the contents of
    /// files are left out, and a file is its name on the user's machine, not its path on the server.
    pub(crate) fn of_form(form: &'static Form, input: &Value) -> Self {
        let is_shown = |field: &&Field| {
            let field_type = field.field_type;
            !field.is_hidden
                && field_type.control != Control::Password
                && field_type.scalar != Scalar::Content
        };
        let fields = form.fields.iter().filter(is_shown);
        let entered = |field: &'static Field| {
            let value = input.get(field.name)?;
            Some((field, entered(field.field_type.scalar, value)))
        };
        Self::Fields(form, fields.filter_map(entered).collect())
    }

    /// Returns the part as JSON: the values by the names of their fields.
    pub(crate) fn into_json(self) -> Value {
        match self {
            Self::Fields(_, fields) => {
                fields.into_iter().map(|(field, value)| (field.name.to_owned(), value)).collect()
            }
            Self::Whole(input) => input,
        }
    }
}

fn entered(scalar: Scalar, value: &Value) -> Value {
    match (scalar, value) {
        (Scalar::Path | Scalar::Upload, Value::Array(files)) => {
            files.iter().map(|file| entered(scalar, file)).collect()
        }
        (Scalar::Path | Scalar::Upload, Value::String(path)) => {
            let name = Path::new(path).file_name().unwrap_or_default();
            name.to_string_lossy().into()
        }
        (Scalar::Upload, Value::Object(upload)) => {
            upload.get("file_name").cloned().unwrap_or_default()
        }
        (_, value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::form::FieldType;

    const FORM: Form = Form {
        intro: "",
        fields: &[
            Field::like("file", FieldType::FILE),
            Field::like("files", FieldType::FILE.multiple()),
            Field::like("upload", FieldType::UPLOAD),
            Field::like("content", FieldType::CONTENT),
            Field::like("pin", FieldType::TEXT.shown_as(Control::Password)),
            Field { is_hidden: true, ..Field::like("page", FieldType::TEXT) },
            Field::like("note", FieldType::TEXT),
            Field::like("absent", FieldType::TEXT),
        ],
    };

    #[test]
    fn an_owner_sees_what_the_form_showed_without_passwords_and_paths() {
        let input = json!({
            "file": "/srv/uploads/1.csv",
            "files": ["/srv/2.csv", "/"],
            "upload": { "path": "/srv/3.csv", "file_name": "spring.csv", "content_type": "" },
            "content": "QUJD",
            "pin": "1234",
            "page": "7",
            "note": null,
            "skipped": "of the application",
        });
        let entered = EnteredInput::of_form(&FORM, &input).into_json();
        let expected = json!({
            "file": "1.csv",
            "files": ["2.csv", ""],
            "upload": "spring.csv",
            "note": null,
        });
        assert_eq!(entered, expected);
        let none = EnteredInput::of_form(&FORM, &Value::Null).into_json();
        assert_eq!(none, json!({}));
    }
}
