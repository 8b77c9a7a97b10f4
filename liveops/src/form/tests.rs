//! Tests of the form: reading, checking and the definition of fields.

use std::{path::PathBuf, sync::LazyLock};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use proptest::{collection::vec, prelude::*, sample::select};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::*;
use crate::language::Language;

static ENGLISH: LazyLock<Language> = LazyLock::new(Language::default);

fn trusting(paths: Paths<'_>) -> ReadContext<'_> {
    ReadContext { paths, refused: &[], language: &ENGLISH, allows_unknown: true }
}

fn of<T: FormField + serde::de::DeserializeOwned>() -> Field {
    Field::of::<T>("a")
}

fn read(field: Field, text: &str) -> Result<Value, String> {
    let fields: &'static [Field] = Vec::leak(vec![field]);
    let form = Form { intro: "", fields };
    let texts = [("a".to_owned(), text.to_owned())].into_iter().collect();
    match form.read_texts(&texts, trusting(Paths::Trusted)) {
        Ok(mut input) => Ok(input.remove("a").unwrap_or_default()),
        Err(errors) => Err(errors.of("a").unwrap().to_owned()),
    }
}

#[track_caller]
fn reads(field: Field, text: &str, expected: Value) {
    assert_eq!(read(field, text), Ok(expected), "{text:?}");
}

#[track_caller]
fn refuses(field: Field, text: &str, expected: &str) {
    assert_eq!(read(field, text), Err(expected.to_owned()), "{text:?}");
}

#[test]
fn texts_are_read_as_their_type() {
    reads(of::<String>(), " a\r\nb ", json!(" a\nb "));
    reads(of::<u8>(), " 7 ", json!(7));
    reads(of::<i64>(), "-9223372036854775808", json!(i64::MIN));
    reads(of::<u64>(), "18446744073709551615", json!(u64::MAX));
    reads(of::<f64>(), "1e3", json!(1000.0));
    reads(of::<f32>(), "-5", json!(-5));
    reads(of::<bool>(), "on", json!(true));
    reads(of::<bool>(), "", json!(false));
    reads(of::<NaiveDate>(), "2026-02-28", json!("2026-02-28"));
    reads(of::<NaiveTime>(), "14:30", json!("14:30:00"));
    reads(of::<DateTime<Utc>>(), "2026-02-28T14:30", json!("2026-02-28T14:30:00Z"));
    reads(of::<DateTime<Utc>>(), "2026-02-28T14:30:00+02:00", json!("2026-02-28T12:30:00Z"));
    reads(of::<Option<u8>>(), " ", Value::Null);
    reads(of::<Option<bool>>(), "false", json!(false));
    reads(of::<Vec<u8>>(), "1\r\n\r\n 2", json!([1, 2]));
    reads(of::<Vec<String>>(), "", json!([]));
    reads(of::<FileContent>(), "YQ==", json!("YQ=="));
    reads(of::<PathBuf>(), "/etc/passwd", json!("/etc/passwd"));
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_a_sentence() {
    refuses(of::<String>(), "", "This field is required.");
    refuses(of::<u8>(), "x", "Expected a whole number.");
    refuses(of::<u8>(), "1.0", "Expected a whole number.");
    refuses(of::<u8>(), "256", "Expected a value from 0 to 255, found 256.");
    refuses(of::<f64>(), "nan", "Expected a number.");
    refuses(of::<bool>(), "perhaps", "Expected yes or no.");
    refuses(of::<NaiveDate>(), "2026-02-30", "Expected a date, such as 2026-02-28.");
    refuses(of::<Vec<u8>>(), "1\n300", "Expected a value from 0 to 255, found 300.");
    refuses(of::<FileContent>(), "?", "Expected Base64.");
    refuses(of::<PathBuf>(), "", "Choose a file.");
    refuses(of::<char>(), "ab", "Expected at most 1 characters, found 2.");
    refuses(
        of::<String>().shown_as(Control::Email),
        "ann@",
        "Expected an email address, such as ann@example.org.",
    );
    refuses(
        of::<String>().shown_as(Control::Url),
        "example",
        "Expected a URL, such as https://example.org.",
    );
    refuses(of::<f64>().min(Bound::Decimal(0.5)), "0.4", "Expected 0.5 or more, found 0.4.");
    refuses(
        of::<NaiveDate>().max(Bound::Text("2026-01-01")),
        "2026-01-02",
        "Expected 2026-01-01 or less, found 2026-01-02.",
    );
    refuses(of::<PathBuf>().accept(".csv, .tsv"), "a.exe", "Expected a file of type .csv, .tsv.");
}

#[test]
#[should_panic(expected = "a path is an upload: add `any_path` to let users type it")]
fn a_path_does_not_become_a_text_without_any_path() {
    let _ = FieldType::FILE.optional().shown_as(Control::Tel);
}

#[test]
fn a_path_with_any_path_can_be_typed() {
    let field = of::<PathBuf>().any_path().shown_as(Control::Text);
    let input = Map::from_iter([("a".to_owned(), json!("/etc/hosts"))]);
    let form = Form { intro: "", fields: Vec::leak(vec![field]) };
    assert_eq!(form.read_json(input.clone(), trusting(Paths::Uploaded(&[]))).unwrap(), input);
}

#[test]
fn a_list_with_a_default_can_be_emptied() {
    let field = || Field { default: Some(|| json!(["x"])), ..of::<Vec<String>>() };
    reads(field(), "", json!([]));
    reads(field(), " \n ", json!([]));
    let form = Form { intro: "", fields: Vec::leak(vec![field()]) };
    let left_out = form.read_texts(&Texts::default(), trusting(Paths::Trusted)).unwrap();
    assert_eq!(Value::from(left_out), json!({ "a": ["x"] }));
    let optional = Field { default: Some(|| json!(["x"])), ..of::<Option<Vec<String>>>() };
    reads(optional, "", json!([]));
    reads(of::<Option<Vec<String>>>(), "", Value::Null);
}

#[test]
fn a_required_text_is_not_blank_in_json_either() {
    const FIELDS: &[Field] = &[
        Field::of::<String>("a"),
        Field::of::<Option<String>>("b"),
        Field { default: Some(|| json!("x")), ..Field::of::<String>("c") },
    ];
    let form = Form { intro: "", fields: FIELDS };
    for blank in ["", " \n"] {
        let all = ["a", "b", "c"].map(|name| (name.to_owned(), json!(blank)));
        let errors = form.read_json(Map::from_iter(all), trusting(Paths::Trusted)).unwrap_err();
        assert_eq!(errors, FormErrors::at("a", "This field is required."));
    }
}

#[test]
fn a_path_of_the_application_itself_is_accepted() {
    let field = Field { default: Some(|| json!("/srv/sample.csv")), ..of::<PathBuf>() };
    let form = Form { intro: "", fields: Vec::leak(vec![field]) };
    let input = form.read_texts(&Texts::default(), trusting(Paths::Uploaded(&[]))).unwrap();
    assert_eq!(Value::from(input), json!({ "a": "/srv/sample.csv" }));
}

#[track_caller]
fn cannot_be(field: Field, expected: &str) {
    let form = Form { intro: "", fields: Vec::leak(vec![field]) };
    assert_eq!(form.check(&ENGLISH), Err(("a", expected.to_owned())));
}

#[test]
fn a_field_that_contradicts_itself_is_refused() {
    cannot_be(
        of::<NaiveDate>().min(Bound::Text("tomorrow")),
        "`min`: Expected a date, such as 2026-02-28. Found `tomorrow`.",
    );
    cannot_be(
        of::<Vec<NaiveDate>>().max(Bound::Text("2026-13-01")),
        "`max`: Expected a date, such as 2026-02-28. Found `2026-13-01`.",
    );
    cannot_be(
        of::<NaiveTime>().min(Bound::Text("14:00")).max(Bound::Text("08:00")),
        "`min`: Expected 08:00 or less, found 14:00.",
    );
    cannot_be(
        Field { default: Some(|| 12.into()), ..of::<u8>().max(Bound::Whole(9)) },
        "`default`: Expected a value from 0 to 9, found 12.",
    );
    const OPTIONS: &[Choice] = &[Choice { value: "300", label: "" }];
    cannot_be(of::<u8>().options(OPTIONS), "`options`: Expected a value from 0 to 255, found 300.");
    const WORDS: &[Choice] = &[Choice { value: "many", label: "" }];
    cannot_be(of::<u8>().options(WORDS), "`options`: Expected a whole number. Found `many`.");
    assert_eq!(EVERYTHING.check(&ENGLISH), Ok(()));
}

#[test]
fn a_float_is_never_infinite() {
    refuses(of::<f32>(), "1e39", "Expected a number.");
    refuses(of::<Vec<f32>>(), "1\n-1e39", "Expected a number.");
    reads(of::<f32>(), "3e38", json!(3e38));
    reads(of::<f64>(), "1e39", json!(1e39));
}

#[test]
#[should_panic(expected = "a list can only be `multiline`")]
fn a_list_does_not_fit_on_one_line() {
    let _ = FieldType::TEXT.multiple().shown_as(Control::Email);
}

#[test]
fn a_list_may_be_multiline() {
    assert_eq!(FieldType::TEXT.multiple().shown_as(Control::Multiline), FieldType::TEXT.multiple());
}

#[test]
fn several_values_for_one_field_are_refused() {
    const FIELDS: &[Field] = &[Field::of::<u8>("a")];
    let form = Form { intro: "", fields: FIELDS };
    let errors =
        form.read_texts(&Texts::parse(b"a=1&a=2").unwrap(), trusting(Paths::Trusted)).unwrap_err();
    assert_eq!(errors.of("a"), Some("Expected one value, found several."));
}

#[test]
fn an_alias_is_accepted_in_json() {
    const FIELDS: &[Field] = &[Field { aliases: &["b"], ..Field::of::<u8>("a") }];
    let form = Form { intro: "", fields: FIELDS };
    let input = Map::from_iter([("b".to_owned(), json!(300)), ("c".to_owned(), json!(1))]);
    let errors = form.read_json(input, trusting(Paths::Trusted)).unwrap_err();
    assert!(errors.of("a").is_some(), "{errors}");
    let input = Map::from_iter([("b".to_owned(), json!(3)), ("c".to_owned(), json!(1))]);
    assert_eq!(
        Value::from(form.read_json(input, trusting(Paths::Trusted)).unwrap()),
        json!({ "a": 3, "c": 1 })
    );
}

#[derive(Debug, Serialize, Deserialize)]
struct Everything {
    text: String,
    count: u8,
    ratio: Option<f64>,
    sure: bool,
    maybe: Option<bool>,
    day: Option<NaiveDate>,
    at: Option<DateTime<Utc>>,
    many: Vec<i16>,
    content: Option<FileContent>,
}

const EVERYTHING: Form = Form {
    intro: "",
    fields: &[
        Field::of::<String>("text").max_length(5),
        Field::of::<u8>("count").min(Bound::Whole(3)),
        Field::of::<Option<f64>>("ratio").max(Bound::Decimal(0.5)),
        Field::of::<bool>("sure"),
        Field::of::<Option<bool>>("maybe"),
        Field::of::<Option<NaiveDate>>("day").min(Bound::Text("2026-01-01")),
        Field::of::<Option<DateTime<Utc>>>("at"),
        Field::of::<Vec<i16>>("many"),
        Field::of::<Option<FileContent>>("content"),
    ],
};

fn name() -> impl Strategy<Value = String> {
    let names: Vec<&str> = EVERYTHING.fields.iter().map(|field| field.name).collect();
    select([names, vec!["", "unknown"]].concat()).prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    const SENSIBLE: &[&str] = &[
        "",
        " ",
        "7",
        "-1",
        "0.25",
        "1e999",
        "true",
        "2026-02-28",
        "2026-02-28T14:30",
        "YQ==",
        "1\n2",
    ];
    prop_oneof![select(SENSIBLE).prop_map(str::to_owned), any::<String>(), "[0-9:T.+-]{0,30}"]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-5..300_i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| vec(inner, 0..3).prop_map(Value::from))
}

/// An accepted input is an operation that serde reads; a refused input has at most one error for each field.
fn check_outcome(read: Result<Map<String, Value>, FormErrors>) -> Result<(), TestCaseError> {
    match read {
        Ok(input) => {
            let read: Everything = serde_json::from_value(input.into()).map_err(|error| {
                TestCaseError::fail(format!(
                    "the form accepted an input that serde refuses: {error}"
                ))
            })?;
            prop_assert!(read.text.chars().count() <= 5 && read.count >= 3);
            prop_assert!(read.ratio.is_none_or(|ratio| ratio <= 0.5));
        }
        Err(errors) => {
            let mut fields: Vec<_> = errors.iter().map(|(field, _)| field).collect();
            prop_assert!(fields.iter().all(Option::is_some));
            fields.dedup();
            prop_assert_eq!(fields.len(), errors.iter().count());
            prop_assert!(errors.iter().all(|(_, message)| message.ends_with('.')), "{}", errors);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn strange_texts_are_accepted_or_explained(pairs in vec((name(), text()), 0..12)) {
        check_outcome(EVERYTHING.read_texts(&pairs.into_iter().collect(), trusting(Paths::Trusted)))?;
    }

    #[test]
    fn strange_json_is_accepted_or_explained(pairs in vec((name(), json_value()), 0..12)) {
        check_outcome(EVERYTHING.read_json(pairs.into_iter().collect(), trusting(Paths::Trusted)))?;
    }

    #[test]
    fn any_characters_are_a_form(bytes in vec(0_u8..128, 0..200)) {
        // Only percent-encoded bytes that are not UTF-8 are refused.
        if let Some(texts) = Texts::parse(&bytes) {
            check_outcome(EVERYTHING.read_texts(&texts, trusting(Paths::Uploaded(&[]))))?;
        }
    }
}
