//! The types that can be fields of a form.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::{Choice, FieldType, FileContent, FormField, Scalar, Upload};

/// The choices that replace a checkbox in an optional field.
pub(super) const YES_OR_NO: &[Choice] =
    &[Choice { value: "true", label: "Yes" }, Choice { value: "false", label: "No" }];

macro_rules! fields {
    ($($type:ty: $field:expr;)*) => {
        $(impl FormField for $type {
            const FIELD: FieldType = $field;
        })*
    };
}

fields! {
    String: FieldType::TEXT;
    char: FieldType::TEXT.max_length(1);
    bool: FieldType::CHECKBOX;
    u8: FieldType::whole(0, u8::MAX as u64);
    u16: FieldType::whole(0, u16::MAX as u64);
    u32: FieldType::whole(0, u32::MAX as u64);
    u64: FieldType { max: None, ..FieldType::whole(0, u64::MAX) };
    usize: FieldType { max: None, ..FieldType::whole(0, u64::MAX) };
    i8: FieldType::whole(i8::MIN as i64, i8::MAX as u64);
    i16: FieldType::whole(i16::MIN as i64, i16::MAX as u64);
    i32: FieldType::whole(i32::MIN as i64, i32::MAX as u64);
    i64: FieldType { min: None, max: None, ..FieldType::whole(i64::MIN, i64::MAX as u64) };
    isize: FieldType { min: None, max: None, ..FieldType::whole(i64::MIN, i64::MAX as u64) };
    f32: FieldType { scalar: Scalar::Single, ..FieldType::NUMBER };
    f64: FieldType::NUMBER;
    PathBuf: FieldType::FILE;
    Upload: FieldType::UPLOAD;
    FileContent: FieldType::CONTENT;
    NaiveDate: FieldType::DATE;
    NaiveTime: FieldType::TIME;
    NaiveDateTime: FieldType::DATE_TIME;
    DateTime<Utc>: FieldType::INSTANT;
}

impl<T: FormField> FormField for Option<T> {
    const FIELD: FieldType = T::FIELD.optional();
}

impl<T: FormField> FormField for Vec<T> {
    const FIELD: FieldType = T::FIELD.multiple();
}

impl<T: FormField> FormField for Box<T> {
    const FIELD: FieldType = T::FIELD;
}
