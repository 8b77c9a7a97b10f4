//! The form of an operation: its fields, the way to read each field, and the errors in a submitted input.
//!
//! Owns the rules. Knows no HTML, no requests and no files.

pub mod keys;

mod definition_check;
mod entered_input;
mod errors;
pub(crate) mod field;
mod field_type;
mod file_content;
mod file_kind;
pub(crate) mod messages;
pub(crate) mod operation_form;
mod reading;
mod scalar;
mod texts;
mod translation;
mod types;
mod upload;

pub(crate) use entered_input::EnteredInput;
pub(crate) use errors::FieldError;
pub use errors::FormErrors;
pub(crate) use field::Field;
pub(crate) use field_type::Absent;
pub use field_type::{Bound, Choice, Control, FieldType, FormField};
pub use file_content::FileContent;
pub use operation_form::HasForm;
pub(crate) use operation_form::{Form, OptionalForm};
pub(crate) use reading::{Paths, ReadContext, text_of};
pub(crate) use scalar::Scalar;
pub(crate) use texts::Texts;
pub use upload::Upload;

/// Maximum number of values in the input of a request, including the items of lists. A value needs far more memory than
/// its text.
pub(crate) const VALUES_MAX: usize = 20_000;

/// Makes an enum whose variants have no fields a choice field of a form.
///
/// ```
/// use liveops::form::FormField;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, FormField)]
/// #[serde(rename_all = "snake_case")]
/// enum Format {
///     /// Comma-separated. Most programs write it.
///     Csv,
///     #[field(label = "Excel, since 2007")]
///     ExcelSheet,
/// }
///
/// #[derive(liveops::LiveOperation, Serialize, Deserialize)]
/// #[liveop(form)]
/// struct Export {
///     /// Choices: "Comma-separated" and "Excel, since 2007".
///     format: Format,
/// }
/// ```
pub use liveops_derive::FormField;

#[cfg(test)]
mod naming_tests;
#[cfg(test)]
mod tests;
