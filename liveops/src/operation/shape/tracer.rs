//! The deserializer that follows one path into a type, and records what the type expects at its end.

use std::{cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess,
        SeqAccess, VariantAccess, Visitor, value::StrDeserializer,
    },
};

/// A step into a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Into an option, an item of a list or a value of a map.
    Inside,
    /// Into the field, the element or the variant with this index.
    Part(usize),
}

/// The expectation of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Simple(&'static str),
    Optional,
    List,
    Map,
    Tuple(usize),
    Struct(&'static str, &'static [&'static str]),
    Enum(&'static str, &'static [&'static str]),
}

/// Returns the expectation of `T` at the end of `path`; `None` if the type does not come so far.
pub(super) fn trace<T: DeserializeOwned>(path: &[Step]) -> Option<Found> {
    let found = Cell::new(None);
    // Ends with an error in any case, because the end of the path has no value.
    let _ = T::deserialize(Tracer { path, found: &found });
    found.get()
}

/// The end of a trace.
#[derive(Debug)]
pub(super) struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the trace has ended")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[derive(Clone, Copy)]
struct Tracer<'a> {
    path: &'a [Step],
    found: &'a Cell<Option<Found>>,
}

impl<'a> Tracer<'a> {
    /// Returns the next step with a tracer for the rest. At the end of the path, records `found` and stops.
    fn step(self, found: Found) -> Result<(Step, Self), Stop> {
        match self.path.split_first() {
            Some((step, path)) => Ok((*step, Self { path, ..self })),
            None => {
                self.found.set(Some(found));
                Err(Stop)
            }
        }
    }

    /// Returns the index of the next step.
    fn part(self, found: Found) -> Result<(usize, Self), Stop> {
        match self.step(found)? {
            (Step::Part(index), rest) => Ok((index, rest)),
            (Step::Inside, _) => Err(Stop),
        }
    }

    fn stop<T>(self, name: &'static str) -> Result<T, Stop> {
        self.step(Found::Simple(name)).and(Err(Stop))
    }
}

macro_rules! simple {
    ($($method:ident $name:literal)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
            self.stop($name)
        }
    )*};
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Stop;

    simple! {
        deserialize_any "any" deserialize_ignored_any "any" deserialize_bool "bool"
        deserialize_i8 "i8" deserialize_i16 "i16" deserialize_i32 "i32" deserialize_i64 "i64" deserialize_i128 "i128"
        deserialize_u8 "u8" deserialize_u16 "u16" deserialize_u32 "u32" deserialize_u64 "u64" deserialize_u128 "u128"
        deserialize_f32 "f32" deserialize_f64 "f64" deserialize_char "char" deserialize_str "text"
        deserialize_string "text" deserialize_identifier "text" deserialize_bytes "bytes" deserialize_byte_buf "bytes"
        deserialize_unit "unit"
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, Stop> {
        self.stop("unit")
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let (_, inside) = self.step(Found::Optional)?;
        visitor.visit_some(inside)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let (_, inside) = self.step(Found::List)?;
        visitor.visit_seq(Elements { before: 0, traced: inside })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        let (before, traced) = self.part(Found::Tuple(len))?;
        visitor.visit_seq(Elements { before, traced })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let (_, inside) = self.step(Found::Map)?;
        visitor.visit_map(Entry { name: None, traced: inside })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let (at, traced) = self.part(Found::Struct(name, fields))?;
        visitor.visit_map(Entry { name: fields.get(at).copied(), traced })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let (at, content) = self.part(Found::Enum(name, variants))?;
        visitor.visit_enum(Variant { name: variants.get(at).ok_or(Stop)?, content })
    }
}

/// Elements of which only the last one is traced.
struct Elements<'a> {
    /// The number of the elements before it.
    before: usize,
    traced: Tracer<'a>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        match self.before.checked_sub(1) {
            Some(before) => {
                self.before = before;
                seed.deserialize(Sample).map(Some)
            }
            None => seed.deserialize(self.traced).map(Some),
        }
    }
}

/// A struct or a map with one entry.
struct Entry<'a> {
    /// The name of the field; `None` for a map.
    name: Option<&'static str>,
    traced: Tracer<'a>,
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        match self.name {
            Some(name) => seed.deserialize(StrDeserializer::new(name)).map(Some),
            None => seed.deserialize(Sample).map(Some),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        seed.deserialize(self.traced)
    }
}

/// An enum with this variant.
struct Variant<'a> {
    name: &'static str,
    content: Tracer<'a>,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Stop;
    type Variant = Tracer<'a>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Tracer<'a>), Stop> {
        Ok((seed.deserialize(self.name.into_deserializer())?, self.content))
    }
}

impl<'de> VariantAccess<'de> for Tracer<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        self.stop("unit")
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Stop> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_struct("", fields, visitor)
    }
}

/// The value of an element that is not traced. Types that accept only some texts refuse the value.
struct Sample;

macro_rules! samples {
    ($($method:ident $visit:ident ($value:expr))*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Sample {
    type Error = Stop;

    samples! {
        deserialize_bool visit_bool(false) deserialize_i8 visit_i8(0) deserialize_i16 visit_i16(0)
        deserialize_i32 visit_i32(0) deserialize_i64 visit_i64(0) deserialize_i128 visit_i128(0)
        deserialize_u8 visit_u8(0) deserialize_u16 visit_u16(0) deserialize_u32 visit_u32(0)
        deserialize_u64 visit_u64(0) deserialize_u128 visit_u128(0) deserialize_f32 visit_f32(0.0)
        deserialize_f64 visit_f64(0.0) deserialize_char visit_char('0') deserialize_str visit_str("0")
        deserialize_string visit_str("0") deserialize_identifier visit_str("0")
        deserialize_bytes visit_bytes(&[]) deserialize_byte_buf visit_bytes(&[])
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_seq(Nothing)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_seq(Nothing)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_seq(Nothing)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_map(Nothing)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_map(Nothing)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let first: StrDeserializer<'_, Stop> = variants.first().ok_or(Stop)?.into_deserializer();
        first.deserialize_enum(name, variants, visitor)
    }
}

/// A list or a map without entries.
struct Nothing;

impl<'de> SeqAccess<'de> for Nothing {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        _: S,
    ) -> Result<Option<S::Value>, Stop> {
        Ok(None)
    }
}

impl<'de> MapAccess<'de> for Nothing {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<Option<S::Value>, Stop> {
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<S::Value, Stop> {
        Err(Stop)
    }
}
