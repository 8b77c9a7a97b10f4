//! The deserializer that reads operations from JSON and forms.

use serde::{
    Deserializer,
    de::{self, Error as _, IntoDeserializer, Unexpected, Visitor, value::MapAccessDeserializer},
    forward_to_deserialize_any,
};
use serde_json::Value;

use super::{FormFields, InputError, fields::FieldAccess, items::ItemAccess};

/// The deserializer of operations.
///
/// Reads JSON as [`serde_json::Value`] does, and locates errors. Reads a struct from an object only:
/// reading it from an array would have to be compiled too, and no client sends one.
#[derive(Debug)]
pub(in crate::runner) enum Input<'de> {
    Json(Value),
    Form(&'de FormFields<'de>),
}

impl<'de> Input<'de> {
    fn fields(self, expected: &dyn de::Expected) -> Result<FieldAccess<'de>, InputError> {
        match self {
            Self::Json(Value::Object(fields)) => Ok(FieldAccess::of_object(fields)),
            Self::Json(other) => Err(InputError::invalid_type(unexpected(&other), expected)),
            Self::Form(form) => Ok(form.fields()),
        }
    }

    fn fields_of_struct(
        self,
        name: &'static str,
        known: &[&str],
    ) -> Result<FieldAccess<'de>, InputError> {
        if let Self::Form(form) = self {
            form.check_names(known)?;
        }
        self.fields(&StructNamed(name))
    }
}

impl<'de> Deserializer<'de> for Input<'de> {
    type Error = InputError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self {
            Self::Json(Value::Null) => visitor.visit_unit(),
            Self::Json(Value::Bool(value)) => visitor.visit_bool(value),
            Self::Json(Value::Number(number)) => {
                number.deserialize_any(visitor).map_err(InputError::unlocated)
            }
            Self::Json(Value::String(text)) => visitor.visit_string(text),
            Self::Json(Value::Array(items)) => {
                let mut items = ItemAccess::new(items);
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Self::Json(Value::Object(_)) | Self::Form(_) => {
                let mut fields = self.fields(&"a map")?;
                let value = visitor.visit_map(&mut fields)?;
                fields.end().map(|()| value)
            }
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        // Short, because every operation has a copy of this method.
        match self.fields_of_struct(name, known) {
            Ok(mut fields) => visitor.visit_map(&mut fields),
            Err(error) => Err(error),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self {
            Self::Json(Value::Null) => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        match self {
            Self::Json(Value::String(variant)) => {
                variant.into_deserializer().deserialize_enum(name, variants, visitor)
            }
            Self::Json(Value::Object(fields)) if fields.len() != 1 => {
                Err(InputError::invalid_value(Unexpected::Map, &"map with a single key"))
            }
            other => {
                let mut fields = other.fields(&"string or map")?;
                MapAccessDeserializer::new(&mut fields).deserialize_enum(name, variants, visitor)
            }
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        visitor.visit_unit()
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self {
            Self::Json(Value::String(text)) => visitor.visit_string(text),
            Self::Json(other) => Err(InputError::invalid_type(unexpected(&other), &visitor)),
            Self::Form(_) => Err(InputError::invalid_type(Unexpected::Map, &visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        self.deserialize_string(visitor)
    }

    /// Reads the tag of an enum. Accepts names only, although a visitor would accept the index of a
    /// variant too.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        self.deserialize_string(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 bytes byte_buf
        unit unit_struct seq tuple tuple_struct map
    }
}

/// The expected struct in an error. Replaces the visitor's own text, which would have to be compiled
/// for every operation.
struct StructNamed(&'static str);

impl de::Expected for StructNamed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "struct {}", self.0)
    }
}

fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), ..) => Unexpected::Unsigned(number),
            (_, Some(number), _) => Unexpected::Signed(number),
            (.., Some(number)) => Unexpected::Float(number),
            _ => Unexpected::Other("number"),
        },
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}
