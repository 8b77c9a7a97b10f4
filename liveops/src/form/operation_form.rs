use super::{Field, FormErrors};
use crate::operation::LiveOperation;

/// The fields that an operation asks for: [`OptionalForm::FORM`], written by `#[liveop(form)]`.
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

/// The form of an operation, where there is one. `#[derive(LiveOperation)]` implements this for
/// every operation.
///
/// ```
/// use liveops::{LiveOperation, form::OptionalForm};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(app = "demo", form)]
/// struct ScoreImport {
///     file: String,
/// }
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(app = "demo")]
/// struct Cleanup;
///
/// assert_eq!(ScoreImport::FORM.unwrap().fields[0].name, "file");
/// assert!(Cleanup::FORM.is_none());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a live operation",
    label = "not a live operation",
    note = "add `#[derive(LiveOperation)]` to `{Self}`"
)]
pub trait OptionalForm: LiveOperation {
    /// The form, for an operation with `#[liveop(form)]`.
    const FORM: Option<&'static Form> = None;

    /// The check of all fields together that `#[liveop(validate = …)]` names.
    const VALIDATE: Option<Validate<Self>> = None;
}

/// An operation whose fields make a form. Implemented by `#[liveop(form)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no form",
    label = "no form",
    note = "add `form` to `#[liveop(…)]` of `{Self}`"
)]
pub trait HasForm: OptionalForm {}
