use serde_json::Value;

use crate::form::{Control, Field, Form, Scalar, Texts, text_of};

/// What is in the fields of a form.
#[derive(Debug, Clone)]
pub(super) struct Entered {
    texts: Texts,
    /// Whether files came with it, which a page cannot put into it again.
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

    /// What a field shows. A password is not sent back, nor is a path that could not be sent again.
    pub(super) fn of<'a>(&'a self, field: &'a Field) -> Vec<&'a str> {
        let kind = &field.field_type;
        let is_upload = kind.scalar == Scalar::Path && !kind.allows_any_path;
        let keeps_it = kind.control == Control::Password || is_upload;
        if keeps_it { Vec::new() } else { self.texts.of(field.name).collect() }
    }
}
