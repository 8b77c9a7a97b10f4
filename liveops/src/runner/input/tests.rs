//! Tests of reading: results equal those of `serde_json` and `serde_html_form`, and errors are located.

use std::{collections::BTreeMap, fmt::Debug, num::NonZeroU8};

use proptest::{collection::vec, prelude::*, sample::select};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, from_value, json};

use super::{FormFields, Input, InputError, explained};
use crate::form::Texts;

fn read<T: DeserializeOwned>(json: Value) -> Result<T, InputError> {
    T::deserialize(Input::Json(json))
}

fn read_form<T: DeserializeOwned>(text: &str) -> Result<T, InputError> {
    T::deserialize(Input::Form(&FormFields::new(&Texts::parse(text.as_bytes()).unwrap(), true)))
}

#[derive(Debug, PartialEq, Deserialize)]
enum Kind {
    A,
    B(u8),
    C(u8, Option<u8>),
    #[serde(untagged)]
    Other(BTreeMap<String, bool>),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    List(Vec<Untagged>),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Newtype(Option<u16>);

#[derive(Debug, PartialEq, Deserialize)]
struct Pair(u8, f32);

#[derive(Debug, PartialEq, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Deserialize)]
struct Fields {
    a: Option<Value>,
    #[serde(default)]
    b: u8,
    #[serde(rename = "A", default)]
    renamed: Option<Kind>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exact {
    a: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Flat {
    a: Option<u8>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "a")]
enum Tagged {
    A { b: Option<u8> },
    B,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Variants {
    A { b: u8 },
    B(Box<Fields>),
}

/// Few names and small numbers, so that many values match a type.
fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..300).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        name().prop_map(Value::from),
    ]
}

fn name() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b", "A", "B", "C", "1", "-2", "1.5", "true", "zażółć", ""])
}

fn objects() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 16, 3, |inner| object_of(inner).boxed())
}

fn json() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), object_of(inner)].boxed()
    })
}

fn object_of(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    vec((name(), inner), 0..4)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)))
        .prop_map(|fields| Value::Object(fields.collect()))
}

/// Texts of which a good part fits a type.
fn text() -> impl Strategy<Value = &'static str> {
    select(vec!["", "1", "-2", "300", "1.5", "true", "on", "false", "A", "x"])
}

#[track_caller]
fn reads_form_alike<T: DeserializeOwned + PartialEq + Debug>(form: &str) {
    let (ours, theirs) = (read_form::<T>(form), serde_html_form::from_str::<T>(form));
    assert_eq!(ours.as_ref().ok(), theirs.as_ref().ok(), "{form}: {ours:?}, {theirs:?}");
}

#[track_caller]
fn reads_alike<T: DeserializeOwned + PartialEq + Debug>(json: &Value) {
    let ours = read::<T>(json.clone());
    match from_value::<T>(json.clone()) {
        Ok(theirs) => assert_eq!(ours, Ok(theirs), "{json}"),
        Err(theirs) => assert!(ours.is_err(), "{json}: {ours:?}, but serde_json: {theirs}"),
    }
}

proptest! {
    #[test]
    fn json_is_read_as_serde_json_reads_it(json in json()) {
        reads_alike::<Value>(&json);
        reads_alike::<(bool, i8, String)>(&json);
        reads_alike::<Option<(u8, char)>>(&json);
        reads_alike::<Vec<Option<i128>>>(&json);
        reads_alike::<BTreeMap<String, Vec<u64>>>(&json);
        reads_alike::<BTreeMap<i8, Value>>(&json);
        reads_alike::<BTreeMap<Option<bool>, f64>>(&json);
        reads_alike::<Kind>(&json);
        reads_alike::<Untagged>(&json);
        reads_alike::<Newtype>(&json);
        reads_alike::<Pair>(&json);
        reads_alike::<Unit>(&json);
    }

    #[test]
    fn structs_are_read_as_serde_json_reads_them(json in objects()) {
        reads_alike::<Fields>(&json);
        reads_alike::<Exact>(&json);
        reads_alike::<Flat>(&json);
        reads_alike::<Tagged>(&json);
        reads_alike::<Variants>(&json);
        reads_alike::<Option<Box<Fields>>>(&json);
    }

    #[test]
    fn forms_are_read_as_serde_html_form_reads_them(pairs in vec((name(), name()), 0..5)) {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Form {
            #[serde(default)]
            a: Vec<i8>,
            b: Option<f32>,
            #[serde(rename = "A", default)]
            text: String,
            #[serde(rename = "B", default)]
            checked: bool,
            #[serde(rename = "C")]
            kind: Option<Kind>,
        }

        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        reads_form_alike::<Form>(&text);
        reads_form_alike::<BTreeMap<String, Vec<String>>>(&text);
    }

    #[test]
    fn fields_are_read_as_serde_html_form_reads_them(texts in vec(text(), 0..3)) {
        #[derive(Debug, PartialEq, Deserialize)]
        struct OneOf<T> {
            field: Option<T>,
        }

        let pairs = texts.iter().map(|text| ("field", text));
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        reads_form_alike::<OneOf<bool>>(&text);
        reads_form_alike::<OneOf<Option<bool>>>(&text);
        reads_form_alike::<OneOf<u8>>(&text);
        reads_form_alike::<OneOf<Option<i64>>>(&text);
        reads_form_alike::<OneOf<Option<f64>>>(&text);
        reads_form_alike::<OneOf<Option<NonZeroU8>>>(&text);
        reads_form_alike::<OneOf<Option<Newtype>>>(&text);
        reads_form_alike::<OneOf<Option<String>>>(&text);
        reads_form_alike::<OneOf<Vec<Option<i8>>>>(&text);
        reads_form_alike::<OneOf<Option<Vec<f32>>>>(&text);
        reads_form_alike::<OneOf<Vec<Vec<bool>>>>(&text);
        reads_form_alike::<OneOf<char>>(&text);
        reads_form_alike::<OneOf<()>>(&text);
        reads_form_alike::<OneOf<i128>>(&text);
        reads_form_alike::<OneOf<(u8, u8)>>(&text);
        reads_form_alike::<OneOf<Pair>>(&text);
        reads_form_alike::<OneOf<Unit>>(&text);
        reads_form_alike::<OneOf<Exact>>(&text);
        reads_form_alike::<OneOf<Kind>>(&text);
        reads_form_alike::<OneOf<Untagged>>(&text);
        reads_form_alike::<OneOf<BTreeMap<String, u8>>>(&text);
        reads_form_alike::<OneOf<Value>>(&text);
    }
}

#[test]
fn a_mistake_is_located() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "deserialized and not read")]
    struct Import {
        rows: Vec<Exact>,
        kinds: BTreeMap<String, Kind>,
    }

    for (json, field, message) in [
        (json!({}), None, "missing field `rows`"),
        (json!({ "rows": 7 }), Some("rows"), "invalid type: integer `7`, expected a sequence"),
        (json!({ "rows": [{ "a": 1 }, {}] }), Some("rows[1]"), "missing field `a`"),
        (
            json!({ "rows": [{ "a": -1 }] }),
            Some("rows[0].a"),
            "invalid value: integer `-1`, expected u8",
        ),
        (json!({ "rows": [{ "b": 1 }] }), Some("rows[0].b"), "unknown field `b`, expected `a`"),
        (
            json!({ "rows": [[1]] }),
            Some("rows[0]"),
            "invalid type: sequence, expected struct Exact",
        ),
        (
            json!({ "rows": ["x"] }),
            Some("rows[0]"),
            "invalid type: string \"x\", expected struct Exact",
        ),
    ] {
        let error = read::<Import>(json).unwrap_err();
        assert_eq!((error.field.as_deref(), error.message.as_str()), (field, message));
    }
    let error = read::<BTreeMap<String, Variants>>(json!({ "x": { "A": { "b": "1" } } }));
    assert_eq!(error.unwrap_err().to_string(), "x.A.b: invalid type: string \"1\", expected u8");
}

#[test]
fn a_number_is_not_a_text() {
    for (error, expected) in [
        (read::<String>(json!(7)).unwrap_err(), "invalid type: integer `7`, expected a string"),
        (read::<char>(json!(-7)).unwrap_err(), "invalid type: integer `-7`, expected a character"),
        (
            read::<Tagged>(json!({ "a": 0 })).unwrap_err(),
            "a: invalid type: integer `0`, expected variant identifier",
        ),
        (
            read::<Exact>(json!(1.5)).unwrap_err(),
            "invalid type: floating point `1.5`, expected struct Exact",
        ),
    ] {
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_mistake_in_a_form_is_located() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "deserialized and not read")]
    struct Form {
        count: u8,
    }

    let error = read_form::<Form>("count=x").unwrap_err();
    assert_eq!(error.to_string(), "count: invalid digit found in string");
    let error = read_form::<Form>("cuont=1").unwrap_err();
    assert_eq!(error.to_string(), "missing field `count`");
}

#[test]
fn an_error_in_a_form_names_the_expected_and_the_found_value() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "deserialized and not read")]
    struct Form {
        small: u8,
        whole: Option<i64>,
        share: Option<f64>,
        sure: Option<bool>,
        kind: Option<Kind>,
        at: Option<chrono::DateTime<chrono::Utc>>,
    }

    for (text, message) in [
        ("small=256", "small: expected a whole number from 0 to 255, found `256`"),
        ("small=a%26b", "small: expected a whole number from 0 to 255, found `a&b`"),
        ("small=1&whole=1.5", "whole: expected a whole number, found `1.5`"),
        ("small=1&share=much", "share: expected a number, found `much`"),
        // A message that names the expected value is left unchanged.
        (
            "small=1&sure=perhaps",
            "sure: invalid value: string \"perhaps\", expected \"true\", \"on\" or \"false\"",
        ),
        (
            "small=1&at=noon",
            "at: expected an RFC 3339 formatted date and time string, found `noon`",
        ),
        // A missing field has no value to explain.
        ("whole=1", "missing field `small`"),
    ] {
        let texts = Texts::parse(text.as_bytes()).unwrap();
        let form = FormFields::new(&texts, true);
        let read = |input: Input<'_>| Form::deserialize(input);
        let error = explained(read(Input::Form(&form)).unwrap_err(), &form, read);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn an_unknown_field_is_refused_unless_the_form_is_lenient() {
    fn strictly<T: DeserializeOwned>(text: &str) -> Result<T, InputError> {
        T::deserialize(Input::Form(&FormFields::new(
            &Texts::parse(text.as_bytes()).unwrap(),
            false,
        )))
    }
    let error = strictly::<Fields>("a=1&A=A&c=2").unwrap_err();
    assert_eq!(error.to_string(), "c: unknown field, expected one of: a, b, A");

    #[derive(Debug, Deserialize)]
    struct Nothing {}
    let error = strictly::<Nothing>("a=1").unwrap_err();
    assert_eq!(error.to_string(), "a: unknown field, expected no fields");

    // Flattened fields accept every name, and lenient forms accept unknown fields.
    assert!(strictly::<Flat>("a=1&c=2").is_ok());
    assert!(read_form::<Fields>("b=1&c=2").is_ok());
}

#[test]
fn surplus_items_are_refused() {
    let error = read::<(u8, u8)>(json!([1, 2, 3])).unwrap_err();
    assert_eq!(error.message, "invalid length 3, expected fewer elements in array");
}
