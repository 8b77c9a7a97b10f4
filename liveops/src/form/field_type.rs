//! The types of fields: the control that the form shows and the values that it accepts.

use super::Scalar;

/// A type that a field of a form can have.
///
/// Implemented for integers up to 64 bits, floats, `bool`, `char`, `String`, `PathBuf` (an upload),
/// [`Upload`](super::Upload) (an upload with its name), [`FileContent`](super::FileContent) (the content of an upload),
/// chrono's dates and times, and `Option` and `Vec` of these types. Can be derived for enums whose variants have no
/// fields. For another type, implement one constant: the form then shows errors of the type's `Deserialize` next to the
/// field.
///
/// ```
/// use liveops::form::{FieldType, FormField};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(transparent)]
/// struct Percent(u8);
///
/// impl FormField for Percent {
///     const FIELD: FieldType = FieldType::whole(0, 100);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a form",
    label = "no form field for this type",
    note = "implement `liveops::form::FormField` for `{Self}`, derive it if it is an enum without fields, \
            or leave the field out with `#[field(skip)]`"
)]
pub trait FormField {
    /// The control and the rules of the field.
    const FIELD: FieldType;
}

/// The control of a field and the rules for its values. Created with the constants and functions of this
/// type.
///
/// [`FormField`] shows the use of a field type for a type of the application.
///
/// ```
/// use liveops::form::{Bound, Choice, Control, FieldType};
///
/// /// A length in meters, in steps of half a meter.
/// const LENGTH: FieldType =
///     FieldType::NUMBER.min(Bound::Decimal(0.5)).max(Bound::Decimal(100.0)).step(0.5);
/// const SIZE: FieldType = FieldType::select(&[
///     Choice { value: "s", label: "Small" },
///     Choice { value: "l", label: "Large" },
/// ]);
/// const NOTE: FieldType = FieldType::TEXT.shown_as(Control::Multiline).optional();
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FieldType {
    /// The type that the text is parsed as.
    pub(crate) scalar: Scalar,
    /// The control that the form shows.
    pub(crate) control: Control,
    /// The choices. Empty if any value is allowed.
    pub(crate) choices: &'static [Choice],
    /// The value of a field that is left out.
    pub(crate) absent: Absent,
    /// `true` if the field accepts any number of values.
    pub(crate) is_multiple: bool,
    /// The minimum.
    pub(crate) min: Option<Bound>,
    /// The maximum.
    pub(crate) max: Option<Bound>,
    /// The step between two values, which only the browser enforces.
    pub(crate) step: Option<f64>,
    /// The maximum number of characters of a text, or of bytes of a [`FileContent`](super::FileContent).
    pub(crate) max_length: Option<u32>,
    /// The accepted kinds of files, as in HTML's `accept`. Empty for all.
    pub(crate) accept: &'static str,
    /// The number of visible lines.
    pub(crate) rows: Option<u32>,
    /// `true` if a request may name a file of the server instead of uploading one.
    pub(crate) allows_any_path: bool,
}

/// The control that a form shows for a field.
///
/// [`FieldType`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// A single line of text.
    Text,
    /// Several lines of text.
    Multiline,
    /// An email address.
    Email,
    /// An absolute URL.
    Url,
    /// A telephone number.
    Tel,
    /// A single line that is masked, and not filled in again after an error.
    Password,
    /// A number.
    Number,
    /// A checkbox.
    Checkbox,
    /// One of several choices, or some of them if the field accepts any number of values.
    Select,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A day and a time.
    DateTime,
    /// A file.
    File,
}

/// One of the choices of a field.
///
/// [`FieldType`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The value, as text.
    pub value: &'static str,
    /// The label that users see.
    pub label: &'static str,
}

/// The minimum or the maximum of a field.
///
/// [`FieldType`] has an example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// A bound of numbers, without a fraction.
    Whole(i128),
    /// A bound of numbers, with a fraction.
    Decimal(f64),
    /// A bound of dates and times, in their JSON format.
    Text(&'static str),
}

/// The value of a field that is left out or left empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// No value: the field is required.
    Required,
    /// No value: the input does not contain the field.
    Omitted,
    /// `false`.
    No,
    /// An empty list.
    Empty,
}

impl FieldType {
    /// A single line of text.
    pub const TEXT: Self = Self {
        scalar: Scalar::Text,
        control: Control::Text,
        choices: &[],
        absent: Absent::Required,
        is_multiple: false,
        min: None,
        max: None,
        step: None,
        max_length: None,
        accept: "",
        rows: None,
        allows_any_path: false,
    };

    /// Any number.
    pub const NUMBER: Self =
        Self { scalar: Scalar::Number, control: Control::Number, ..Self::TEXT };

    /// A checkbox.
    pub const CHECKBOX: Self =
        Self { scalar: Scalar::Bool, control: Control::Checkbox, absent: Absent::No, ..Self::TEXT };

    /// A day, in JSON `"2026-02-28"`.
    pub const DATE: Self = Self { scalar: Scalar::Date, control: Control::Date, ..Self::TEXT };

    /// A time of day, in JSON `"14:30:00"`.
    pub const TIME: Self = Self { scalar: Scalar::Time, control: Control::Time, ..Self::TEXT };

    /// A day and a time, in JSON `"2026-02-28T14:30:00"`.
    pub const DATE_TIME: Self =
        Self { scalar: Scalar::DateTime, control: Control::DateTime, ..Self::TEXT };

    /// A date and a time in UTC, in JSON `"2026-02-28T14:30:00Z"`.
    pub const INSTANT: Self =
        Self { scalar: Scalar::Instant, control: Control::DateTime, ..Self::TEXT };

    /// A file that is saved as an upload. The value is its path.
    pub const FILE: Self = Self { scalar: Scalar::Path, control: Control::File, ..Self::TEXT };

    /// A file that liveops saves. The value is an [`Upload`](super::Upload) with the path, the name and the media type.
    pub const UPLOAD: Self = Self { scalar: Scalar::Upload, ..Self::FILE };

    /// A file whose content is the value, in JSON as Base64. At most 1 MiB, unless
    /// [`max_length`](Self::max_length) sets another limit.
    pub const CONTENT: Self = Self {
        scalar: Scalar::Content,
        control: Control::File,
        max_length: Some(1 << 20),
        ..Self::TEXT
    };

    /// Returns a field for a whole number from `min` to `max`.
    pub const fn whole(min: i64, max: u64) -> Self {
        Self {
            scalar: Scalar::Whole,
            min: Some(Bound::Whole(min as i128)),
            max: Some(Bound::Whole(max as i128)),
            ..Self::NUMBER
        }
    }

    /// Returns a field for one of `choices`.
    pub const fn select(choices: &'static [Choice]) -> Self {
        Self { control: Control::Select, choices, ..Self::TEXT }
    }

    /// Makes the field optional.
    #[must_use]
    pub const fn optional(self) -> Self {
        let field = match self.control {
            // A checkbox that is not ticked means "no", so it cannot express a missing value.
            Control::Checkbox => {
                Self { control: Control::Select, choices: super::types::YES_OR_NO, ..self }
            }
            _ => self,
        };
        Self { absent: Absent::Omitted, ..field }
    }

    /// Makes the field accept any number of values.
    #[must_use]
    pub const fn multiple(self) -> Self {
        let control = match self.control {
            Control::Select | Control::File => self.control,
            _ => Control::Multiline,
        };
        Self { control, absent: Absent::Empty, is_multiple: true, ..self }
    }

    /// Sets the control. Changing an upload by path to a text requires [`any_path`](Self::any_path) first,
    /// because every user can type any path.
    ///
    /// # Panics
    ///
    /// Panics if the control does not fit the values of the field.
    #[must_use]
    #[track_caller]
    pub const fn shown_as(self, control: Control) -> Self {
        let is_text = matches!(self.scalar, Scalar::Text | Scalar::Path) && self.choices.is_empty();
        let is_line = matches!(
            control,
            Control::Text | Control::Email | Control::Url | Control::Tel | Control::Password
        );
        assert!(!self.is_multiple || !is_line, "a list can only be `multiline`");
        match control {
            Control::Text
            | Control::Multiline
            | Control::Email
            | Control::Url
            | Control::Tel
            | Control::Password => {
                assert!(is_text, "this `kind` is only for texts");
                let is_upload = matches!(self.scalar, Scalar::Path) && !self.allows_any_path;
                assert!(!is_upload, "a path is an upload: add `any_path` to let users type it");
                Self { scalar: Scalar::Text, control, ..self }
            }
            Control::File => {
                let is_file = is_text || self.is_file();
                assert!(
                    is_file,
                    "only a path, a text, an `Upload` or a `FileContent` can be a file"
                );
                let scalar = if is_text { Scalar::Path } else { self.scalar };
                Self { scalar, control, ..self }
            }
            Control::Number => {
                assert!(self.is_number(), "this `kind` is only for numbers");
                self
            }
            Control::Checkbox => {
                assert!(
                    matches!(self.control, Control::Checkbox),
                    "only a `bool` can be a checkbox"
                );
                self
            }
            Control::Date | Control::Time | Control::DateTime | Control::Select => {
                assert!(
                    self.control as u8 == control as u8,
                    "`kind` does not match the type of the field"
                );
                self
            }
        }
    }

    /// Sets the minimum.
    ///
    /// # Panics
    ///
    /// Panics if the values have no order, or if `bound` is of another type than the values.
    #[must_use]
    #[track_caller]
    pub const fn min(self, bound: Bound) -> Self {
        self.assert_ordered(bound);
        Self { min: Some(bound), ..self }
    }

    /// Sets the maximum.
    ///
    /// # Panics
    ///
    /// Panics if the values have no order, or if `bound` is of another type than the values.
    #[must_use]
    #[track_caller]
    pub const fn max(self, bound: Bound) -> Self {
        self.assert_ordered(bound);
        Self { max: Some(bound), ..self }
    }

    /// Sets the step between two values.
    ///
    /// # Panics
    ///
    /// Panics if the values are not numbers.
    #[must_use]
    #[track_caller]
    pub const fn step(self, step: f64) -> Self {
        assert!(self.is_number(), "`step` is for numbers");
        Self { step: Some(step), ..self }
    }

    /// Sets the maximum number of characters, or of bytes of a [`FileContent`](super::FileContent).
    ///
    /// # Panics
    ///
    /// Panics if the values are neither texts nor the content of files.
    #[must_use]
    #[track_caller]
    pub const fn max_length(self, max_length: u32) -> Self {
        let has_length = matches!(self.scalar, Scalar::Text | Scalar::Content);
        assert!(has_length, "`max_length` is for texts, and for the content of files");
        Self { max_length: Some(max_length), ..self }
    }

    /// Restricts the field to these values.
    ///
    /// # Panics
    ///
    /// Panics if the values are neither texts nor numbers.
    #[must_use]
    #[track_caller]
    pub const fn options(self, choices: &'static [Choice]) -> Self {
        let can_choose = matches!(self.scalar, Scalar::Text) || self.is_number();
        assert!(can_choose, "`options` are for texts and numbers");
        Self { control: Control::Select, choices, ..self }
    }

    /// Sets the accepted kinds of files, as in HTML's `accept`.
    ///
    /// # Panics
    ///
    /// Panics if the field is not a file.
    #[must_use]
    #[track_caller]
    pub const fn accept(self, accept: &'static str) -> Self {
        assert!(self.is_file(), "`accept` is for files");
        Self { accept, ..self }
    }

    /// Allows a request to name a file of the server instead of uploading one. The operation must then check
    /// the path before it opens the file.
    ///
    /// # Panics
    ///
    /// Panics if the value is not the path of a file.
    #[must_use]
    #[track_caller]
    pub const fn any_path(self) -> Self {
        assert!(matches!(self.scalar, Scalar::Path), "`any_path` is for uploads by path");
        Self { allows_any_path: true, ..self }
    }

    /// Sets the number of visible lines.
    ///
    /// # Panics
    ///
    /// Panics if the field is not a text.
    #[must_use]
    #[track_caller]
    pub const fn rows(self, rows: u32) -> Self {
        let is_text = matches!(self.control, Control::Text | Control::Multiline);
        assert!(is_text, "`rows` is for texts");
        Self { control: Control::Multiline, rows: Some(rows), ..self }
    }

    pub(crate) const fn is_file(&self) -> bool {
        matches!(self.scalar, Scalar::Path | Scalar::Upload | Scalar::Content)
    }

    /// Returns `true` if the value is the path of a file that must have been uploaded.
    pub(crate) const fn is_upload_only(&self) -> bool {
        matches!(self.scalar, Scalar::Path | Scalar::Upload) && !self.allows_any_path
    }

    pub(crate) const fn is_number(&self) -> bool {
        matches!(self.scalar, Scalar::Whole | Scalar::Number | Scalar::Single)
    }

    #[track_caller]
    const fn assert_ordered(&self, bound: Bound) {
        if self.is_number() {
            let is_number = matches!(bound, Bound::Whole(_) | Bound::Decimal(_));
            assert!(is_number, "the bound of a number must be a number");
        } else {
            assert!(self.scalar.is_dated(), "only numbers, dates and times have bounds");
            let is_text = matches!(bound, Bound::Text(_));
            assert!(is_text, "the bound of a date or time must be a string in its JSON format");
        }
    }
}
