//! The values in the fields of a form.

use serde_json::Value;

use crate::form::{Control, Field, Form, Texts, text_of};

/// The values in the fields of a form.
#[derive(Debug, Clone)]
pub(super) struct Entered {
    texts: Texts,
    /// Set if the user sent files, which a page cannot put back into the form.
    pub(super) had_files: bool,
}

impl Entered {
    pub(super) fn defaults(form: &Form) -> Self {
        let mut entered = Self { texts: Texts::default(), had_files: false };
        for field in form.fields {
            if let Some(default) = field.default {
                entered.set(field.name, &default());
            }
        }
        entered
    }

    pub(super) fn sent(texts: Texts, had_files: bool) -> Self {
        Self { texts, had_files }
    }

    pub(super) fn set(&mut self, name: &str, value: &Value) {
        let texts = match value {
            Value::Null => Vec::new(),
            Value::Array(items) => items.iter().map(text_of).collect(),
            value => vec![text_of(value)],
        };
        self.texts.set(name, texts);
    }

    /// Returns the values to show in a field. Passwords and paths of uploads are never put back into the
    /// form.
    pub(super) fn of<'a>(&'a self, field: &'a Field) -> Vec<&'a str> {
        let kind = &field.field_type;
        let is_withheld = kind.control == Control::Password || kind.is_upload_only();
        if is_withheld { Vec::new() } else { self.texts.of(field.name).collect() }
    }
}
