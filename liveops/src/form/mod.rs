//! The form of an operation: its fields, the way to read each field, and the errors in a submitted input.
//!
//! Owns the rules. Knows no HTML, no requests and no files.

pub mod keys;

mod definition_check;
mod errors;
mod field;
mod field_type;
mod file_content;
pub(crate) mod messages;
mod operation_form;
mod reading;
mod scalar;
mod texts;
mod translation;
mod types;

pub use errors::{FieldError, FormErrors};
pub use field::{Field, outcome, read_with, value};
pub use field_type::{Absent, Bound, Choice, Control, FieldType, FormField};
pub use file_content::FileContent;
pub use operation_form::{Form, HasForm, OptionalForm, Validate};
pub(crate) use reading::{Paths, ReadContext, text_of};
pub use scalar::Scalar;
pub(crate) use texts::Texts;

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
/// let choices = Format::FIELD.choices;
/// assert_eq!((choices[0].value, choices[0].label), ("csv", "Comma-separated"));
/// assert_eq!((choices[1].value, choices[1].label), ("excel_sheet", "Excel, since 2007"));
/// ```
pub use liveops_derive::FormField;

#[cfg(test)]
mod tests;
