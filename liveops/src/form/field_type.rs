use super::Scalar;

/// A type that a field of a form can have, and how such a field is asked for.
///
/// Implemented for integers up to 64 bits, floats, `bool`, `char`, `String`, `PathBuf` (an upload),
/// [`FileContent`](super::FileContent) (an upload too), chrono's dates and times, `Option` and `Vec`
/// of these, and derived for enums whose variants have no fields. For a type of your own it is one
/// constant; what the type's `Deserialize` says against a value is shown beside the field.
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
    label = "no form knows how to ask for this",
    note = "implement `liveops::form::FormField` for `{Self}`, derive it if it is an enum without fields, \
            or leave the field out with `#[field(skip)]`"
)]
pub trait FormField {
    /// How it is asked for.
    const FIELD: FieldType;
}

/// How a field is asked for, and what its value has to be. Made with its constants and functions.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FieldType {
    /// What its text is read as.
    pub scalar: Scalar,
    /// What it looks like.
    pub control: Control,
    /// What there is to choose from; anything goes where there is nothing.
    pub choices: &'static [Choice],
    /// What it is when it is left out.
    pub absent: Absent,
    /// Whether it takes any number of values.
    pub is_multiple: bool,
    /// The least value.
    pub min: Option<Bound>,
    /// The greatest value.
    pub max: Option<Bound>,
    /// The step from one value to the next, which the browser sees to.
    pub step: Option<f64>,
    /// How many characters a text may have, or bytes a [`FileContent`](super::FileContent).
    pub max_length: Option<u32>,
    /// What kinds of files it takes, as in HTML's `accept`; empty for all.
    pub accept: &'static str,
    /// How many lines of it are seen.
    pub rows: Option<u32>,
    /// Whether a request may name a file where it could upload one.
    pub allows_any_path: bool,
}

/// What a field looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// A line of text.
    Text,
    /// Lines of text.
    Multiline,
    /// A mail address.
    Email,
    /// An absolute URL.
    Url,
    /// A telephone number.
    Tel,
    /// A line that is not shown, and never filled in again.
    Password,
    /// A number.
    Number,
    /// A box to tick.
    Checkbox,
    /// One of several; some of several where it takes many.
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

/// One of the values to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The value, as text.
    pub value: &'static str,
    /// What people read.
    pub label: &'static str,
}

/// The least or the greatest value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Of numbers.
    Whole(i128),
    /// Of numbers.
    Decimal(f64),
    /// Of dates and times, as they stand in JSON.
    Text(&'static str),
}

/// What a field is when it is left out or left empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// A mistake: it is required.
    Required,
    /// Left out of the input as well.
    Omitted,
    /// `false`.
    No,
    /// A list of nothing.
    Empty,
}

impl FieldType {
    /// A line of text.
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

    /// A box to tick.
    pub const CHECKBOX: Self =
        Self { scalar: Scalar::Bool, control: Control::Checkbox, absent: Absent::No, ..Self::TEXT };

    /// A day, in JSON `"2026-02-28"`.
    pub const DATE: Self = Self { scalar: Scalar::Date, control: Control::Date, ..Self::TEXT };

    /// A time of day, in JSON `"14:30:00"`.
    pub const TIME: Self = Self { scalar: Scalar::Time, control: Control::Time, ..Self::TEXT };

    /// A day and a time, in JSON `"2026-02-28T14:30:00"`.
    pub const DATE_TIME: Self =
        Self { scalar: Scalar::DateTime, control: Control::DateTime, ..Self::TEXT };

    /// A moment, asked for in UTC, in JSON `"2026-02-28T14:30:00Z"`.
    pub const INSTANT: Self =
        Self { scalar: Scalar::Instant, control: Control::DateTime, ..Self::TEXT };

    /// A file that is kept where uploads are; its value is the path.
    pub const FILE: Self = Self { scalar: Scalar::Path, control: Control::File, ..Self::TEXT };

    /// A file whose content is the value, in JSON as Base64; 1 MiB at most unless
    /// [said otherwise](Self::max_length).
    pub const CONTENT: Self = Self {
        scalar: Scalar::Content,
        control: Control::File,
        max_length: Some(1 << 20),
        ..Self::TEXT
    };

    /// A whole number from `min` to `max`.
    pub const fn whole(min: i64, max: u64) -> Self {
        Self {
            scalar: Scalar::Whole,
            min: Some(Bound::Whole(min as i128)),
            max: Some(Bound::Whole(max as i128)),
            ..Self::NUMBER
        }
    }

    /// One of `choices`.
    pub const fn select(choices: &'static [Choice]) -> Self {
        Self { control: Control::Select, choices, ..Self::TEXT }
    }

    /// The same, which may be left out.
    #[must_use]
    pub const fn optional(self) -> Self {
        let asked = match self.control {
            // A box that is not ticked says no, and cannot say nothing.
            Control::Checkbox => {
                Self { control: Control::Select, choices: super::types::YES_OR_NO, ..self }
            }
            _ => self,
        };
        Self { absent: Absent::Omitted, ..asked }
    }

    /// Any number of the same.
    #[must_use]
    pub const fn multiple(self) -> Self {
        let control = match self.control {
            Control::Select | Control::File => self.control,
            _ => Control::Multiline,
        };
        Self { control, absent: Absent::Empty, is_multiple: true, ..self }
    }

    /// The same, shown as another control. A path becomes a text that anybody may type, so it has to say
    /// [`any_path`](Self::any_path) before.
    ///
    /// # Panics
    ///
    /// When its values are none that the control could have.
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
                assert!(is_text, "only a text can be of this kind");
                let is_upload = matches!(self.scalar, Scalar::Path) && !self.allows_any_path;
                assert!(!is_upload, "a path is uploaded: add `any_path`");
                Self { scalar: Scalar::Text, control, ..self }
            }
            Control::File => {
                let is_file = is_text || matches!(self.scalar, Scalar::Content);
                assert!(is_file, "only a path, a text or a `FileContent` can be a file");
                let scalar = if is_text { Scalar::Path } else { self.scalar };
                Self { scalar, control, ..self }
            }
            Control::Number => {
                assert!(self.is_number(), "only a number can be of this kind");
                self
            }
            Control::Checkbox => {
                assert!(matches!(self.control, Control::Checkbox), "only a `bool` is a checkbox");
                self
            }
            Control::Date | Control::Time | Control::DateTime | Control::Select => {
                assert!(
                    self.control as u8 == control as u8,
                    "the type of the field is another kind"
                );
                self
            }
        }
    }

    /// The same, no less than `bound`.
    ///
    /// # Panics
    ///
    /// When its values have no order, or another one than the bound.
    #[must_use]
    #[track_caller]
    pub const fn min(self, bound: Bound) -> Self {
        self.assert_ordered(bound);
        Self { min: Some(bound), ..self }
    }

    /// The same, no more than `bound`.
    ///
    /// # Panics
    ///
    /// When its values have no order, or another one than the bound.
    #[must_use]
    #[track_caller]
    pub const fn max(self, bound: Bound) -> Self {
        self.assert_ordered(bound);
        Self { max: Some(bound), ..self }
    }

    /// The same, in steps.
    ///
    /// # Panics
    ///
    /// When its values are not numbers.
    #[must_use]
    #[track_caller]
    pub const fn step(self, step: f64) -> Self {
        assert!(self.is_number(), "`step` is for numbers");
        Self { step: Some(step), ..self }
    }

    /// The same, of so many characters at most, or bytes of a [`FileContent`](super::FileContent).
    ///
    /// # Panics
    ///
    /// When its values are neither.
    #[must_use]
    #[track_caller]
    pub const fn max_length(self, max_length: u32) -> Self {
        let has_length = matches!(self.scalar, Scalar::Text | Scalar::Content);
        assert!(has_length, "`max_length` is for texts, and for the content of files");
        Self { max_length: Some(max_length), ..self }
    }

    /// The same, of these values only.
    ///
    /// # Panics
    ///
    /// When its values are neither texts nor numbers.
    #[must_use]
    #[track_caller]
    pub const fn options(self, choices: &'static [Choice]) -> Self {
        let can_choose = matches!(self.scalar, Scalar::Text) || self.is_number();
        assert!(can_choose, "`options` are for texts and numbers");
        Self { control: Control::Select, choices, ..self }
    }

    /// The same, of these kinds of files.
    ///
    /// # Panics
    ///
    /// When it is no file.
    #[must_use]
    #[track_caller]
    pub const fn accept(self, accept: &'static str) -> Self {
        assert!(self.is_file(), "`accept` is for files");
        Self { accept, ..self }
    }

    /// The same, with a request free to name a file where it could upload one. Whoever opens it then
    /// has to look what it is.
    ///
    /// # Panics
    ///
    /// When its value is not the path of a file.
    #[must_use]
    #[track_caller]
    pub const fn any_path(self) -> Self {
        assert!(matches!(self.scalar, Scalar::Path), "`any_path` is for uploads by path");
        Self { allows_any_path: true, ..self }
    }

    /// The same, as so many lines.
    ///
    /// # Panics
    ///
    /// When it is no text.
    #[must_use]
    #[track_caller]
    pub const fn rows(self, rows: u32) -> Self {
        let is_text = matches!(self.control, Control::Text | Control::Multiline);
        assert!(is_text, "`rows` is for texts");
        Self { control: Control::Multiline, rows: Some(rows), ..self }
    }

    pub(crate) const fn is_file(&self) -> bool {
        matches!(self.scalar, Scalar::Path | Scalar::Content)
    }

    pub(crate) const fn is_number(&self) -> bool {
        matches!(self.scalar, Scalar::Whole | Scalar::Number | Scalar::Single)
    }

    #[track_caller]
    const fn assert_ordered(&self, bound: Bound) {
        if self.is_number() {
            let is_number = matches!(bound, Bound::Whole(_) | Bound::Decimal(_));
            assert!(is_number, "a number has a number as its bound");
        } else {
            assert!(self.scalar.is_dated(), "only numbers, dates and times have bounds");
            let is_text = matches!(bound, Bound::Text(_));
            assert!(is_text, "a date or time has a text as its bound, as it stands in JSON");
        }
    }
}
