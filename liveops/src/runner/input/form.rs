//! A percent-encoded form, split into its fields.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};

use super::{
    InputError,
    expectation::mistyped,
    fields::{FieldAccess, FieldValue},
};

/// A form, split into its fields.
#[derive(Debug)]
pub(in crate::runner) struct Form {
    /// One form for each name, because [`serde_html_form`] reads forms and no single fields.
    fields: BTreeMap<String, String>,
    /// The field that gets a value it never accepts, to find its expected type.
    mistyped: Option<String>,
    allows_unknown: bool,
}

impl Form {
    pub(in crate::runner) fn parse(text: &[u8], allows_unknown: bool) -> Self {
        let mut values: BTreeMap<String, Vec<Cow<'_, str>>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text) {
            values.entry(name.into_owned()).or_default().push(value);
        }
        let alone = |values: Vec<Cow<'_, str>>| {
            let pairs = values.iter().map(|value| ("", value));
            form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        };
        let fields = values.into_iter().map(|(name, values)| (name, alone(values))).collect();
        Self { fields, mistyped: None, allows_unknown }
    }

    /// Returns the first value of a field.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, text) = form_urlencoded::parse(self.fields.get(name)?.as_bytes()).next()?;
        Some(text)
    }

    /// Returns this form with a value that the field `name` never accepts.
    pub(super) fn with_mistyped(&self, name: &str) -> Self {
        let (fields, mistyped) = (self.fields.clone(), Some(name.to_owned()));
        Self { fields, mistyped, allows_unknown: self.allows_unknown }
    }

    /// Returns an error for a field that is not among `known`, unless unknown fields are allowed.
    pub(super) fn check_names(&self, known: &[&str]) -> Result<(), InputError> {
        if self.allows_unknown {
            return Ok(());
        }
        InputError::check_names(self.fields.keys().map(String::as_str), known)
    }

    pub(super) fn fields(&self) -> FieldAccess<'_> {
        let fields = self.fields.iter();
        FieldAccess::new(fields.map(|(name, text)| {
            let is_misfit = self.mistyped.as_ref() == Some(name);
            let field =
                if is_misfit { FieldValue::Json(mistyped()) } else { FieldValue::Form(text) };
            (name.clone(), field)
        }))
    }
}

/// Reads the value of a form with one field.
pub(super) fn read_field<'de, S: DeserializeSeed<'de>>(
    text: &'de str,
    seed: S,
) -> Result<S::Value, InputError> {
    let form = serde_html_form::Deserializer::from_bytes(text.as_bytes());
    form.deserialize_map(OnlyValue(seed)).map_err(InputError::unlocated)
}

struct OnlyValue<S>(S);

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for OnlyValue<S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut field: A) -> Result<S::Value, A::Error> {
        match field.next_key::<IgnoredAny>()? {
            Some(_) => field.next_value_seed(self.0),
            None => Err(A::Error::custom("no value")),
        }
    }
}
