//! The form of an operation and the traits that carry it.

use super::{Field, FormErrors};
use crate::operation::LiveOperation;

/// The form of an operation: [`OptionalForm::FORM`], written by `#[liveop(form)]`.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The first paragraph of the documentation of the operation.
    pub intro: &'static str,
    /// The fields, in the order of the struct.
    pub fields: &'static [Field],
}

impl Form {
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Returns `true` if a field is a file. A browser then needs the encoding `multipart/form-data`.
    pub(crate) fn has_files(&self) -> bool {
        self.fields.iter().any(|field| field.field_type.is_file())
    }

    /// Returns the maximum number of files in a request: one for each file field, and
    /// [`FILES_OF_FIELD_MAX`] for a list of files.
    pub(crate) fn files_max(&self) -> usize {
        let files = self.fields.iter().filter(|field| field.field_type.is_file());
        let max = |field: &Field| if field.field_type.is_multiple { FILES_OF_FIELD_MAX } else { 1 };
        files.map(max).sum()
    }
}

/// Maximum number of files of a field that accepts any number of files.
const FILES_OF_FIELD_MAX: usize = 100;

/// A function that checks all fields of an operation together.
pub type Validate<Op> = fn(&Op) -> Result<(), FormErrors>;

/// The optional form of an operation. `#[derive(LiveOperation)]` implements this trait for every operation.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a live operation",
    label = "not a live operation",
    note = "add `#[derive(LiveOperation)]` to `{Self}`"
)]
pub trait OptionalForm: LiveOperation {
    /// The form of an operation with `#[liveop(form)]`.
    const FORM: Option<&'static Form> = None;

    /// The check of all fields together that `#[liveop(validate = …)]` names.
    const VALIDATE: Option<Validate<Self>> = None;
}

/// An operation whose fields make a form. Implemented by `#[liveop(form)]`.
///
/// [`Renderer::form`](crate::render::Renderer::form) has an example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no form",
    label = "no form",
    note = "add `form` to `#[liveop(…)]` of `{Self}`"
)]
pub trait HasForm: OptionalForm {}
