//! The order of the fields of an output.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::{
    Map, Serializer, Value,
    ser::{CharEscape, Formatter},
};

/// The names of the fields of an output, in the order in which the type declares them.
///
/// JSON values do not keep the order of fields: serde_json sorts them by name, and PostgreSQL by length. The feature
/// `preserve_order` of serde_json would change all maps of an application, so the row stores the names beside the
/// output. One list contains the names of all objects in the output, because fields of the same name rarely stand in
/// different orders. An output whose fields are in alphabetical order needs no list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FieldOrder(Arc<[Box<str>]>);

/// Maximum number of names. Further fields follow the named ones in alphabetical order.
const LEN_MAX: usize = 200;

/// Maximum number of bytes of all names.
const BYTES_MAX: usize = 8 << 10;

impl FieldOrder {
    /// Serializes a value, and returns the order of its fields too.
    ///
    /// # Errors
    ///
    /// Returns an error if the value does not serialize to JSON.
    pub(crate) fn of<T: Serialize>(value: &T) -> serde_json::Result<(Value, Self)> {
        // This function is compiled for every operation type, so the rest is in functions without generics.
        let (mut json, mut names) = (Vec::new(), Names::default());
        match value.serialize(&mut Serializer::with_formatter(&mut json, Recorder(&mut names))) {
            Ok(()) => serde_json::from_slice(&json).map(|value| (value, names.into())),
            Err(error) => Err(error),
        }
    }

    /// Reads the column of a row.
    pub(crate) fn from_column(column: Option<&Value>) -> Self {
        let names = column.and_then(|names| Vec::<Box<str>>::deserialize(names).ok());
        Self(names.unwrap_or_default().into())
    }

    /// Returns the column of a row.
    pub(crate) fn to_column(&self) -> Option<Value> {
        (!self.is_empty()).then(|| self.0.iter().map(|name| Value::from(&**name)).collect())
    }

    /// Returns `true` if all fields are in alphabetical order.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the fields of an object in their order.
    pub(crate) fn sorted<'a>(&self, fields: &'a Map<String, Value>) -> Vec<(&'a str, &'a Value)> {
        let positions: HashMap<&str, usize> =
            self.0.iter().enumerate().map(|(position, name)| (&**name, position)).collect();
        let mut fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, value)).collect();
        fields.sort_by_key(|(name, _)| positions.get(name).copied().unwrap_or(usize::MAX));
        fields
    }
}

impl From<Names> for FieldOrder {
    fn from(names: Names) -> Self {
        if names.is_unsorted { Self(names.list.into()) } else { Self::default() }
    }
}

/// The names of fields while a value is serialized.
#[derive(Debug, Default)]
struct Names {
    list: Vec<Box<str>>,
    known: HashSet<Box<str>>,
    bytes: usize,
    /// The name that is being written.
    name: Option<String>,
    /// The last name in each object that has begun.
    last: Vec<String>,
    is_unsorted: bool,
}

impl Names {
    fn add(&mut self, name: String) {
        if let Some(last) = self.last.last_mut() {
            self.is_unsorted |= *last > name;
            last.clone_from(&name);
        }
        let has_room = self.list.len() < LEN_MAX && self.bytes + name.len() <= BYTES_MAX;
        if has_room && !self.known.contains(&*name) {
            self.bytes += name.len();
            self.known.insert(name.as_str().into());
            self.list.push(name.into());
        }
    }
}

/// A compact JSON formatter that records the names of fields.
struct Recorder<'a>(&'a mut Names);

impl Formatter for Recorder<'_> {
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.last.push(String::new());
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.last.pop();
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        self.0.name = Some(String::new());
        if is_first { Ok(()) } else { writer.write_all(b",") }
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        if let Some(name) = self.0.name.take() {
            self.0.add(name);
        }
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if let Some(name) = &mut self.0.name {
            name.push_str(fragment);
        }
        writer.write_all(fragment.as_bytes())
    }

    // The fragments of a name with escapes lack the escaped characters. The name in the list is then no name of a
    // field, and the field follows the others.
    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        char_escape: CharEscape,
    ) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(writer, char_escape)
    }

    fn write_i128<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: i128) -> io::Result<()> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Err(_), Err(_)) => Err(out_of_range()),
            _ => write!(writer, "{value}"),
        }
    }

    fn write_u128<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: u128) -> io::Result<()> {
        match u64::try_from(value) {
            Ok(value) => write!(writer, "{value}"),
            Err(_) => Err(out_of_range()),
        }
    }
}

/// Returns the error for a number that would lose digits, because a JSON value has 64 bits.
fn out_of_range() -> io::Error {
    io::Error::other("number out of range")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Summary {
        saved: u32,
        rejected: Vec<Rejected>,
        #[serde(flatten)]
        more: BTreeMap<&'static str, u8>,
        by_year: BTreeMap<u16, f32>,
    }

    #[derive(Serialize)]
    struct Rejected {
        student: &'static str,
        #[serde(rename = "a \"course\"")]
        course: &'static str,
    }

    fn names(value: &impl Serialize) -> Vec<String> {
        let (_, order) = FieldOrder::of(value).unwrap();
        let column = order.to_column();
        assert_eq!(FieldOrder::from_column(column.as_ref()), order);
        column.map(|column| Vec::deserialize(column).unwrap()).unwrap_or_default()
    }

    #[test]
    fn fields_are_in_the_order_of_the_struct() {
        let rejected = || Rejected { student: "Ann", course: "Math" };
        let summary = Summary {
            saved: 1,
            rejected: vec![rejected(), rejected()],
            more: BTreeMap::from([("b", 1), ("a", 2)]),
            by_year: BTreeMap::from([(2026, 0.1)]),
        };
        let (value, order) = FieldOrder::of(&summary).unwrap();
        let row = json!({ "student": "Ann", "a \"course\"": "Math" });
        assert_eq!(
            value,
            json!({ "saved": 1, "rejected": [row, row], "a": 2, "b": 1, "by_year": { "2026": 0.1 } })
        );
        let sorted = |value: &Value| {
            let fields = order.sorted(value.as_object().unwrap());
            fields.into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(sorted(&value), ["saved", "rejected", "a", "b", "by_year"]);
        assert_eq!(sorted(&row), ["student", "a \"course\""]);
        assert_eq!(sorted(&json!({ "unknown": 1, "saved": 2 })), ["saved", "unknown"]);
    }

    #[test]
    fn an_output_in_alphabetical_order_needs_no_names() {
        assert_eq!(names(&json!({ "b": [{ "c": 1 }, { "a": 1 }], "a": 2 })), [""; 0]);
        assert_eq!(names(&()), [""; 0]);
        assert_eq!(names(&"text"), [""; 0]);
        assert_eq!(FieldOrder::from_column(Some(&json!({ "not": "a list" }))), Default::default());
    }

    #[test]
    fn the_names_are_limited() {
        let rows: Vec<BTreeMap<String, u8>> =
            (0..1_000).rev().map(|row| BTreeMap::from([(format!("row {row}"), 1)])).collect();
        assert_eq!(names(&rows), [""; 0]);
        #[derive(Serialize)]
        struct Unsorted(#[serde(serialize_with = "unsorted")] ());
        fn unsorted<S: serde::Serializer>(_: &(), serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map((0..100_000).rev().map(|row| (format!("row {row}"), row)))
        }
        assert_eq!(names(&Unsorted(())).len(), LEN_MAX);
        #[derive(Serialize)]
        struct Long(#[serde(serialize_with = "long")] ());
        fn long<S: serde::Serializer>(_: &(), serializer: S) -> Result<S::Ok, S::Error> {
            serializer
                .collect_map((0..100).rev().map(|row| (format!("{row}{}", "x".repeat(1_000)), row)))
        }
        assert_eq!(names(&Long(())).len(), 8);
    }

    #[test]
    fn a_number_keeps_its_digits_or_is_an_error() {
        assert_eq!(FieldOrder::of(&0.1_f32).unwrap().0, json!(0.1));
        assert_eq!(FieldOrder::of(&u128::from(u64::MAX)).unwrap().0, json!(u64::MAX));
        assert_eq!(FieldOrder::of(&i128::from(i64::MIN)).unwrap().0, json!(i64::MIN));
        for error in
            [FieldOrder::of(&u128::MAX).unwrap_err(), FieldOrder::of(&i128::MIN).unwrap_err()]
        {
            assert!(error.to_string().contains("number out of range"), "{error}");
        }
        assert_eq!(FieldOrder::of(&f64::NAN).unwrap().0, Value::Null);
    }
}
