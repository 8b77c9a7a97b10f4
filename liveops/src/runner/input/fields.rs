//! Access to the fields of a JSON object or a form.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Map, Number, Value};

use super::{Input, InputError, field_texts::FieldTexts};

/// The fields of an object or a form, with their names.
pub(super) struct FieldAccess<'de> {
    rest: Box<dyn Iterator<Item = (String, FieldValue<'de>)> + 'de>,
    /// The field whose name was read, until its value is read.
    current: Option<(String, FieldValue<'de>)>,
}

#[derive(Debug)]
pub(super) enum FieldValue<'de> {
    Json(Value),
    /// The texts that a form has for the field.
    Form(&'de [&'de str]),
}

impl<'de> FieldAccess<'de> {
    pub(super) fn new(fields: impl Iterator<Item = (String, FieldValue<'de>)> + 'de) -> Self {
        Self { rest: Box::new(fields), current: None }
    }

    pub(super) fn of_object(fields: Map<String, Value>) -> Self {
        Self::new(fields.into_iter().map(|(name, value)| (name, FieldValue::Json(value))))
    }

    /// Returns an error if a field was not read.
    pub(super) fn end(mut self) -> Result<(), InputError> {
        match self.rest.next() {
            None => Ok(()),
            Some((name, _)) => Err(InputError::custom("unexpected field").in_field(&name)),
        }
    }

    fn advance(&mut self) -> Option<&str> {
        self.current = self.rest.next();
        self.current.as_ref().map(|(name, _)| name.as_str())
    }
}

impl<'de> MapAccess<'de> for &mut FieldAccess<'de> {
    type Error = InputError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, InputError> {
        // No combinators: each would be compiled for every operation.
        match self.advance() {
            None => Ok(None),
            Some(name) => match seed.deserialize(FieldName(name)) {
                Ok(key) => Ok(Some(key)),
                Err(error) => Err(error.in_field(name)),
            },
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, InputError> {
        let Some((name, field)) = self.current.take() else {
            return Err(InputError::custom("the value of a field was read before its name"));
        };
        let value = match field {
            FieldValue::Json(value) => seed.deserialize(Input::Json(value)),
            FieldValue::Form(texts) => seed.deserialize(FieldTexts(texts)),
        };
        value.map_err(|error| error.in_field(&name))
    }
}

impl fmt::Debug for FieldAccess<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").field("current", &self.current).finish_non_exhaustive()
    }
}

/// The name of a field as a deserializer. Parses numbers and booleans, for maps with such keys.
struct FieldName<'a>(&'a str);

macro_rules! number {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
            match self.0.parse::<Number>() {
                Ok(number) => number.deserialize_any(visitor).map_err(InputError::unlocated),
                Err(_) => visitor.visit_str(self.0),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for FieldName<'_> {
    type Error = InputError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        visitor.visit_str(self.0)
    }

    // Not forwarded, to keep it short: every operation has a copy of this method.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            other => visitor.visit_str(other),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        self.0.into_deserializer().deserialize_enum(name, variants, visitor)
    }

    number! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct ignored_any
    }
}
