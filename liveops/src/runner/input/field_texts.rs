//! The deserializer of one form field, from the texts that were sent for the field.

use std::{any::type_name, num, slice};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IntoDeserializer, SeqAccess, Unexpected, Visitor},
};

use super::InputError;

/// The texts of one form field, at least one, as a value to deserialize.
///
/// The rules are those of the crate `serde_html_form`: numbers are parsed, `on` is `true`, several texts
/// are a list, and a single text is a list where a list is wanted. An empty text is `None` for an optional
/// number or boolean.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldTexts<'de>(pub(super) &'de [&'de str]);

impl<'de> FieldTexts<'de> {
    fn single(self) -> Result<&'de str, InputError> {
        match self.0 {
            [text] => Ok(text),
            _ => Err(InputError::custom("unsupported value")),
        }
    }
}

macro_rules! text {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
            visitor.visit_borrowed_str(self.single()?)
        }
    )*};
}

macro_rules! parsed {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
            match self.single()?.parse() {
                Ok(value) => visitor.$visit(value),
                Err(error) => Err(InputError::unlocated(error)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for FieldTexts<'de> {
    type Error = InputError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self.0 {
            [text] => visitor.visit_borrowed_str(text),
            _ => self.deserialize_seq(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        visitor.visit_seq(TextItems(self.0.iter()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        // The type may borrow, so it has no `TypeId`.
        if self.0 == [""] && is_optional_number(type_name::<V::Value>()) {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        self.single()?;
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        self.single()?.into_deserializer().deserialize_enum(name, variants, visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self.single()? {
            "true" | "on" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            other => {
                let expected = &"\"true\", \"on\" or \"false\"";
                Err(InputError::invalid_value(Unexpected::Str(other), expected))
            }
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        self.deserialize_str(visitor)
    }

    text! {
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_unit deserialize_identifier deserialize_map
    }

    parsed! {
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32
        deserialize_i64 visit_i64 deserialize_u8 visit_u8 deserialize_u16 visit_u16
        deserialize_u32 visit_u32 deserialize_u64 visit_u64 deserialize_f32 visit_f32
        deserialize_f64 visit_f64
    }
}

/// Returns `true` for the name of an `Option` of a boolean, a number or a number other than zero.
fn is_optional_number(name: &str) -> bool {
    macro_rules! is_option_of {
        ($($inner:ty)*) => { [$(type_name::<Option<$inner>>()),*].contains(&name) };
    }
    is_option_of! {
        bool i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64
        num::NonZeroI8 num::NonZeroI16 num::NonZeroI32 num::NonZeroI64 num::NonZeroI128
        num::NonZeroIsize num::NonZeroU8 num::NonZeroU16 num::NonZeroU32 num::NonZeroU64
        num::NonZeroU128 num::NonZeroUsize
    }
}

/// The texts of a field as a list.
#[derive(Debug)]
struct TextItems<'de>(slice::Iter<'de, &'de str>);

impl<'de> SeqAccess<'de> for TextItems<'de> {
    type Error = InputError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, InputError> {
        let Some(text) = self.0.next() else { return Ok(None) };
        seed.deserialize(FieldTexts(slice::from_ref(text))).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}
