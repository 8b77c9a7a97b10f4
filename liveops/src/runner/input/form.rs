//! A form that was sent, with the texts of each field.

use std::collections::BTreeMap;

use super::{
    InputError,
    expectation::mistyped,
    fields::{FieldAccess, FieldValue},
};
use crate::form::Texts;

/// The fields of a form that was sent, grouped by name.
#[derive(Debug)]
pub(in crate::runner) struct FormFields<'a> {
    fields: BTreeMap<&'a str, Vec<&'a str>>,
    /// The field that gets a value it never accepts, to find its expected type.
    mistyped: Option<&'a str>,
    allows_unknown: bool,
}

impl<'a> FormFields<'a> {
    pub(in crate::runner) fn new(texts: &'a Texts, allows_unknown: bool) -> Self {
        let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, text) in texts.iter() {
            fields.entry(name).or_default().push(text);
        }
        Self { fields, mistyped: None, allows_unknown }
    }

    /// Returns the first text of a field.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.fields.get(name)?.first().copied()
    }

    /// Returns this form with a value that the field `name` never accepts.
    pub(super) fn with_mistyped(&self, name: &'a str) -> Self {
        let fields = self.fields.clone();
        Self { fields, mistyped: Some(name), allows_unknown: self.allows_unknown }
    }

    /// Returns an error for a field that is not among `known`, unless unknown fields are allowed.
    pub(super) fn check_names(&self, known: &[&str]) -> Result<(), InputError> {
        if self.allows_unknown {
            return Ok(());
        }
        InputError::check_names(self.fields.keys().copied(), known)
    }

    pub(super) fn fields(&self) -> FieldAccess<'_> {
        let fields = self.fields.iter();
        FieldAccess::new(fields.map(|(name, texts)| {
            let is_misfit = self.mistyped == Some(name);
            let field =
                if is_misfit { FieldValue::Json(mistyped()) } else { FieldValue::Form(texts) };
            ((*name).to_owned(), field)
        }))
    }
}
