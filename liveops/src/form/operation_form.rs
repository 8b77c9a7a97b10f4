use super::{Field, FormErrors};
use crate::operation::LiveOperation;

/// What an operation asks for: [`LiveOperation::FORM`], written by `#[liveop(form)]`.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// What the operation does, in the first paragraph of its documentation.
    pub intro: &'static str,
    /// In the order of the struct.
    pub fields: &'static [Field],
}

impl Form {
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether one of its fields is a file, for which a browser needs another encoding.
    pub(crate) fn has_files(&self) -> bool {
        self.fields.iter().any(|field| field.field_type.is_file())
    }
}

/// What says what is wrong with the fields of an operation together.
pub type Validate<Op> = fn(&Op) -> Result<(), FormErrors>;

/// An operation whose fields make a form. Implemented by `#[liveop(form)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no form",
    label = "no form",
    note = "add `form` to `#[liveop(…)]` of `{Self}`"
)]
pub trait HasForm: LiveOperation {}
