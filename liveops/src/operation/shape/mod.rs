//! The shapes of stored values, as serde reads them.
//!
//! A type with `Deserialize` tells its deserializer what it expects: a struct with these fields, an enum with these
//! variants, a text. [`Shape::of`] reads a type many times from a [`tracer`], each time a step deeper, and needs no value.
//! The code is compiled for each type, and therefore only with the feature `testing`.

mod tracer;

use std::fmt;

use serde::de::DeserializeOwned;
use tracer::{Found, Step, trace};

/// Maximum depth of a shape. What is nested deeper is left out.
const DEPTH_MAX: usize = 32;

/// The shape of a value as JSON. The display is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A number, a text or another value without parts, by its name.
    Simple(&'static str),
    Optional(Box<Shape>),
    List(Box<Shape>),
    Map(Box<Shape>),
    Tuple(Vec<Shape>),
    /// The fields in the order of the type.
    Struct(Vec<(&'static str, Shape)>),
    /// The variants; `None` for a variant without content.
    Enum(Vec<(&'static str, Option<Shape>)>),
    /// A type that contains itself, by its name.
    Recursive(&'static str),
    /// A type that does not tell its parts, for example because it checks the values before.
    Unknown,
}

impl Shape {
    /// Returns the shape of `T`.
    pub(crate) fn of<T: DeserializeOwned>() -> Self {
        Explorer { trace: trace::<T>, path: Vec::new(), parents: Vec::new() }.explore()
    }
}

/// Follows the steps into one type. Not generic, so that it is compiled once.
struct Explorer {
    trace: fn(&[Step]) -> Option<Found>,
    path: Vec<Step>,
    /// The lists of names of the structs and enums around the path.
    parents: Vec<&'static [&'static str]>,
}

impl Explorer {
    fn explore(&mut self) -> Shape {
        if self.path.len() > DEPTH_MAX {
            return Shape::Unknown;
        }
        match (self.trace)(&self.path) {
            None => Shape::Unknown,
            Some(Found::Simple(name)) => Shape::Simple(name),
            Some(Found::Optional) => Shape::Optional(self.step(Step::Inside)),
            Some(Found::List) => Shape::List(self.step(Step::Inside)),
            Some(Found::Map) => Shape::Map(self.step(Step::Inside)),
            Some(Found::Tuple(len)) => {
                Shape::Tuple((0..len).map(|index| *self.step(Step::Part(index))).collect())
            }
            Some(Found::Struct(name, fields)) => self.named(name, fields, |explorer| {
                let fields = fields.iter().enumerate();
                Shape::Struct(
                    fields.map(|(at, field)| (*field, *explorer.step(Step::Part(at)))).collect(),
                )
            }),
            Some(Found::Enum(name, variants)) => self.named(name, variants, |explorer| {
                let variants = variants.iter().enumerate();
                let variant = |(at, variant): (usize, &&'static str)| {
                    let content = *explorer.step(Step::Part(at));
                    (*variant, Some(content).filter(|content| *content != Shape::Simple("unit")))
                };
                Shape::Enum(variants.map(variant).collect())
            }),
        }
    }

    fn step(&mut self, step: Step) -> Box<Shape> {
        self.path.push(step);
        let shape = self.explore();
        self.path.pop();
        Box::new(shape)
    }

    fn named(
        &mut self,
        name: &'static str,
        parts: &'static [&'static str],
        explore: impl FnOnce(&mut Self) -> Shape,
    ) -> Shape {
        // Two types may have one name, but not one list.
        if !parts.is_empty() && self.parents.iter().any(|parent| std::ptr::eq(*parent, parts)) {
            return Shape::Recursive(name);
        }
        self.parents.push(parts);
        let shape = explore(self);
        self.parents.pop();
        shape
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simple(name) => f.write_str(name),
            // In parentheses, because `A | B?` would be ambiguous.
            Self::Optional(inner) if matches!(**inner, Self::Enum(_)) => write!(f, "({inner})?"),
            Self::Optional(inner) => write!(f, "{inner}?"),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::Map(inner) => write!(f, "map of {inner}"),
            Self::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                write!(f, "({})", parts.join(", "))
            }
            Self::Struct(fields) if fields.is_empty() => f.write_str("{}"),
            Self::Struct(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, shape)| format!("{name}: {shape}")).collect();
                write!(f, "{{ {} }}", fields.join(", "))
            }
            Self::Enum(variants) => {
                let variant = |(name, content): &(&str, Option<Self>)| match content {
                    None => (*name).to_owned(),
                    Some(content @ (Self::Struct(_) | Self::Tuple(_))) => {
                        format!("{name} {content}")
                    }
                    Some(content) => format!("{name} ({content})"),
                };
                let variants: Vec<String> = variants.iter().map(variant).collect();
                f.write_str(&variants.join(" | "))
            }
            Self::Recursive(name) => write!(f, "{name} again"),
            Self::Unknown => f.write_str("?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use chrono::{DateTime, Utc};
    use serde::Deserialize;
    use uuid::Uuid;

    use super::*;

    fn shape<T: DeserializeOwned>() -> String {
        Shape::of::<T>().to_string()
    }

    #[expect(dead_code, reason = "only the shape is read")]
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Import {
        file_name: PathBuf,
        /// Refuses the values with which a tuple is skipped, and is read without a value.
        id: Uuid,
        at: Option<DateTime<Utc>>,
        #[serde(rename = "kind")]
        format: Format,
        #[serde(default)]
        counts: BTreeMap<String, Vec<u8>>,
        pair: (i64, bool, Point),
        any: serde_json::Value,
        #[serde(skip)]
        skipped: u32,
        parent: Option<Box<Import>>,
        limit: Newtype,
        other: Option<Format>,
    }

    #[expect(dead_code, reason = "only the shape is read")]
    #[derive(Deserialize)]
    enum Format {
        Csv,
        #[serde(rename = "sheets")]
        Excel {
            sheet: u16,
        },
        Other(String),
        Pair(f32, char),
    }

    #[expect(dead_code, reason = "only the shape is read")]
    #[derive(Deserialize)]
    struct Point {
        x: f64,
    }

    #[derive(Deserialize)]
    struct Newtype(#[expect(dead_code, reason = "only the shape is read")] u64);

    #[expect(dead_code, reason = "only the shape is read")]
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        One(u8),
    }

    #[expect(dead_code, reason = "only the shape is read")]
    #[derive(Deserialize)]
    struct Flattened {
        a: u8,
        #[serde(flatten)]
        rest: Point,
    }

    #[derive(Deserialize)]
    struct Empty {}

    #[derive(Deserialize)]
    struct Unit;

    #[test]
    fn a_shape_has_the_names_and_types_that_serde_reads() {
        let Shape::Struct(fields) = Shape::of::<Import>() else { panic!("a struct") };
        let fields: Vec<_> =
            fields.iter().map(|(name, shape)| format!("{name}: {shape}")).collect();
        assert_eq!(
            fields,
            [
                "fileName: text",
                "id: text",
                "at: text?",
                "kind: Csv | sheets { sheet: u16 } | Other (text) | Pair (f32, char)",
                "counts: map of [u8]",
                "pair: (i64, bool, { x: f64 })",
                "any: any",
                "parent: Import again?",
                "limit: u64",
                "other: (Csv | sheets { sheet: u16 } | Other (text) | Pair (f32, char))?",
            ]
        );
    }

    #[test]
    fn a_shape_says_what_it_does_not_know() {
        assert_eq!(shape::<Untagged>(), "any");
        assert_eq!(shape::<Flattened>(), "map of any");
        assert_eq!(shape::<(Uuid, u8)>(), "(text, ?)", "no text passes for an ID");
    }

    #[test]
    fn simple_types_have_shapes() {
        let shapes = [
            (shape::<()>(), "unit"),
            (shape::<Unit>(), "unit"),
            (shape::<Empty>(), "{}"),
            (shape::<String>(), "text"),
            (shape::<u128>(), "u128"),
            (shape::<[u8; 2]>(), "(u8, u8)"),
            (shape::<Vec<Option<bool>>>(), "[bool?]"),
            (shape::<Result<u8, String>>(), "Ok (u8) | Err (text)"),
            (shape::<BTreeMap<u32, ()>>(), "map of unit"),
        ];
        for (found, expected) in shapes {
            assert_eq!(found, expected);
        }
    }
}
