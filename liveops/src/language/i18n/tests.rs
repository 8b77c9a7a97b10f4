//! Tests of the languages: texts, formats and negotiation.

use std::{collections::BTreeSet, time::Duration};

use chrono::{TimeZone, Utc};
use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use proptest::prelude::*;

use super::{LanguageError, Languages, languages::BUILT_IN};
use crate::{
    language::{Arg, Language, Text},
    operation::OperationKind,
};

fn negotiated(accepted: &str) -> String {
    Languages::new().find(accepted).tag().to_owned()
}

#[test]
fn every_language_has_exactly_the_declared_texts() {
    let expected: BTreeSet<&str> = Text::ALL.iter().map(|text| text.id()).collect();
    assert_eq!(expected.len(), Text::ALL.len(), "an ID is declared twice");
    for (tag, messages) in BUILT_IN.iter() {
        let found = messages.entries().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message.id.name),
            Entry::Junk { content } => panic!("{tag}: {content}"),
            _ => None,
        });
        let found: Vec<&str> = found.collect();
        let unique: BTreeSet<&str> = found.iter().copied().collect();
        assert_eq!(unique, expected, "{tag}");
        assert_eq!(unique.len(), found.len(), "{tag} has a text twice");
    }
}

#[test]
fn every_language_uses_the_same_variables() {
    let english = variables(&BUILT_IN[&"en".parse().unwrap()]);
    assert!(english.contains(&("attempt-of", "number".to_owned())), "{english:?}");
    for (tag, messages) in BUILT_IN.iter() {
        assert_eq!(variables(messages), english, "{tag}");
    }
}

/// Returns every variable with the ID of its message.
fn variables(messages: &FluentResource) -> BTreeSet<(&str, String)> {
    let mut all = BTreeSet::new();
    for entry in messages.entries() {
        let Entry::Message(message) = entry else { continue };
        let mut found = BTreeSet::new();
        of_pattern(message.value.as_ref().unwrap(), &mut found);
        all.extend(found.into_iter().map(|name| (message.id.name, name)));
    }
    all
}

fn of_pattern(pattern: &Pattern<&str>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => of_inline(inline, found),
            Expression::Select { selector, variants } => {
                of_inline(selector, found);
                variants.iter().for_each(|variant| of_pattern(&variant.value, found));
            }
        }
    }
}

fn of_inline(expression: &InlineExpression<&str>, found: &mut BTreeSet<String>) {
    match expression {
        InlineExpression::VariableReference { id } => found.insert(id.name.to_owned()),
        other => panic!("expected only variables in a text, found {other:?}"),
    };
}

/// Returns numbers of every plural form and format, and texts.
fn values() -> Vec<Arg> {
    let numbers =
        [0.0, 0.25, 1.0, 1.5, 2.0, -1.0, 21.0, 1_204.0, 1_234_567.5, 1_176_648_141_403_189.3];
    let integers = [0, 1, 2, 5, 21, 1_204, 9_007_199_254_740_993, u64::MAX];
    let texts = ["words", "1"];
    let numbers = numbers.map(Arg::from).into_iter().chain(integers.map(Arg::from));
    numbers.chain(texts.map(Arg::from)).collect()
}

#[test]
fn built_in_english_has_the_texts_of_fluent() {
    let (english, fluent) = (Language::default(), Languages::new().find("en"));
    assert_eq!(english.tag(), fluent.tag());
    let of_messages = variables(&BUILT_IN[&"en".parse().unwrap()]);
    for text in Text::ALL {
        let names: Vec<&str> = of_messages
            .iter()
            .filter(|(id, _)| *id == text.id())
            .map(|(_, name)| name.as_str())
            .collect();
        assert_eq!(english.translate(*text), fluent.translate(*text));
        for value in values() {
            let args = || names.iter().map(|name| (*name, value.clone()));
            assert_eq!(english.translate_with(*text, args()), fluent.translate_with(*text, args()));
        }
    }
}

proptest! {
    #[test]
    fn built_in_english_formats_numbers_as_the_cldr_does(
        number in prop_oneof![any::<f64>(), -1e9..1e9, (-1_000_000_000_i64..1_000_000_000).prop_map(|n| n as f64)],
    ) {
        prop_assert_eq!(Language::default().number(number), Languages::new().find("en").number(number));
    }

    #[test]
    fn built_in_english_formats_times_as_the_cldr_does(
        // From 1970 to 9999.
        seconds in 0..253_402_300_800_i64,
    ) {
        let on = Utc.timestamp_opt(seconds, 0).unwrap();
        prop_assert_eq!(Language::default().date_time(on), Languages::new().find("en").date_time(on));
    }

    #[test]
    fn built_in_english_formats_durations_as_the_cldr_does(milliseconds in 0..1_000_000_000_u64) {
        let duration = Duration::from_millis(milliseconds);
        let fluent = Languages::new().find("en").duration(duration);
        prop_assert_eq!(Language::default().duration(duration), fluent);
    }
}

#[test]
fn plurals_have_the_forms_of_their_language() {
    for (tag, forms) in [
        ("en", [(1, "1 line left out"), (2, "2 lines left out")]),
        ("pl", [(1, "Pominięto 1 wiersz"), (22, "Pominięto 22 wiersze")]),
        ("ja", [(1, "1行を省略しました"), (2, "2行を省略しました")]),
    ] {
        let language = Languages::new().find(tag);
        for (lines, text) in forms {
            let lines = [("lines", u32::into(lines))];
            assert_eq!(language.translate_with(Text::LinesLeftOut, lines), text);
        }
    }
}

#[test]
fn a_client_gets_the_first_accepted_language_with_texts() {
    for (accepted, tag) in [
        ("", "en"),
        ("pl", "pl"),
        ("PL-pl", "pl-PL"),
        ("eo, pl;q=0.8, de;q=0.5", "pl"),
        ("de-CH", "de-CH"),
        ("de-Latn-CH-1996-foobar1-foobar2", "de-Latn-CH"),
        ("zh-CN", "zh-CN"),
        ("zh", "zh"),
        // No texts in this script.
        ("zh-TW, fr", "fr"),
        ("eo", "en"),
        ("*", "en"),
        ("../../etc/passwd, \0, ;q=, pl", "pl"),
    ] {
        assert_eq!(negotiated(accepted), tag, "{accepted}");
    }
    assert_eq!(Languages::new().find("zh-CN").translate(Text::Retry), "重试");
    assert_eq!(Languages::new().find("de-CH").translate(Text::Retry), "Wiederholen");
}

#[test]
fn the_cache_of_languages_is_bounded() {
    let languages = Languages::new();
    for n in 0..10_000 {
        languages.find(&format!("pl, de;q=0.{n}"));
    }
    assert!(languages.kept() <= 256, "{}", languages.kept());
    let kept = languages.kept();
    languages.find(&"pl,".repeat(1_000));
    assert_eq!(languages.kept(), kept);
    // Invalid keys do not keep a valid one out of the cache.
    assert_eq!(languages.find("uk").tag(), "uk");
    assert_eq!(languages.kept(), kept + 1);
}

#[test]
fn whole_numbers_have_all_their_digits() {
    for (tag, written) in [
        ("en", "9,007,199,254,740,993 lines left out"),
        ("pl", "Pominięto 9\u{a0}007\u{a0}199\u{a0}254\u{a0}740\u{a0}993 wiersza"),
    ] {
        let lines = [("lines", 9_007_199_254_740_993_u64.into())];
        let language = Languages::new().find(tag);
        assert_eq!(language.translate_with(Text::LinesLeftOut, lines), written);
    }
}

#[test]
fn numbers_have_the_format_of_the_language() {
    for (tag, written) in [
        ("en", "1,234,567.5"),
        ("pl", "1\u{a0}234\u{a0}567,5"),
        ("de", "1.234.567,5"),
        ("de-CH", "1'234'567.5"),
        ("fr", "1\u{202f}234\u{202f}567,5"),
        ("uk", "1\u{a0}234\u{a0}567,5"),
        ("ja", "1,234,567.5"),
        ("zh-Hans", "1,234,567.5"),
    ] {
        assert_eq!(Languages::new().find(tag).number(1_234_567.5), written, "{tag}");
    }
    let english = Languages::new().find("en");
    for (number, written) in
        [(0.0, "0"), (999.0, "999"), (1_000.0, "1,000"), (-1.25, "-1.25"), (f64::NAN, "NaN")]
    {
        assert_eq!(english.number(number), written);
    }
}

#[test]
fn times_have_the_format_of_the_language() {
    let on = Utc.with_ymd_and_hms(2026, 11, 21, 18, 5, 59).unwrap();
    for (tag, written) in [
        ("en", "Nov 21, 2026, 6:05 PM"),
        ("en-GB", "21 Nov 2026, 18:05"),
        ("pl", "21 lis 2026, 18:05"),
        ("de", "21.11.2026, 18:05"),
        ("fr", "21 nov. 2026, 18:05"),
        ("uk", "21 лист. 2026 р., 18:05"),
        ("ja", "2026/11/21 18:05"),
        ("zh-Hans", "2026年11月21日 18:05"),
    ] {
        let found = Languages::new().find(tag).date_time(on).replace('\u{202f}', " ");
        assert_eq!(found, written, "{tag}");
    }
}

#[test]
fn durations_show_their_two_largest_units() {
    let english = Languages::new().find("en");
    for (seconds, text) in [(0, "0 s"), (59, "59 s"), (130, "2 min 10 s"), (3_900, "1 h 5 min")] {
        assert_eq!(english.duration(Duration::from_secs(seconds)), text);
    }
    let german = Languages::new().find("de");
    assert_eq!(german.duration(Duration::from_micros(20_500)), "0,02 Sek.");
    let japanese = Languages::new().find("ja");
    assert_eq!(japanese.duration(Duration::from_secs(3_900)), "1時間5分");
}

const KIND: OperationKind = OperationKind::for_tests(
    "demo.score_import",
    "Score import",
    &["Load", "Process data", "Załaduj", "Zażądaj", "process-data", "保存"],
);

#[test]
fn the_application_names_its_operations() {
    let texts = "\
demo-score_import = Import wyników
    .stage-load = Wczytanie
    .stage-2 = Przetwarzanie
    .stage-za-aduj = Ładowanie
    .stage-6 = Zapis
";
    let languages = Languages::new().with("pl", texts).unwrap();
    let polish = languages.find("pl");
    assert_eq!(polish.title(&KIND), "Import wyników");
    // A text without a translation is shown as declared.
    assert_eq!(
        polish.stages(&KIND),
        ["Wczytanie", "Przetwarzanie", "Ładowanie", "Zażądaj", "process-data", "Zapis"]
    );
    let german = languages.find("de");
    assert_eq!(german.title(&KIND), "Score import");
    assert_eq!(german.stages(&KIND), KIND.stages);

    let missing = languages.missing_texts([(&KIND, Vec::new())].into_iter());
    let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
    assert_eq!(
        missing,
        [
            "`pl` lacks `demo-score_import.stage-za-daj` for \"Zażądaj\"",
            "`pl` lacks `demo-score_import.stage-5` for \"process-data\"",
        ]
    );
}

#[test]
fn texts_of_the_application_override_texts_of_liveops() {
    let languages = Languages::new().with("pl", "retry = Od nowa").unwrap();
    assert_eq!(languages.find("pl").translate(Text::Retry), "Od nowa");
    assert_eq!(languages.find("pl").translate(Text::Cancel), "Anuluj");
    assert_eq!(languages.find("en").translate(Text::Retry), "Retry");
}

#[test]
fn the_default_language_supplies_missing_texts() {
    let languages = Languages::new()
        .with("pl", "hello = Cześć")
        .and_then(|languages| languages.with("eo", "bye = Ĝis"))
        .and_then(|languages| languages.default_to("pl"))
        .unwrap();
    assert_eq!(languages.find("").tag(), "pl");
    assert_eq!(languages.find("sv").translate(Text::Retry), "Ponów");
    let esperanto = languages.find("eo");
    assert_eq!(esperanto.text("bye", []).unwrap(), "Ĝis");
    assert_eq!(esperanto.text("hello", []).unwrap(), "Cześć");
    assert_eq!(esperanto.translate(Text::Retry), "Ponów");
    assert_eq!(esperanto.text("hello.attribute", []), None);
    assert_eq!(esperanto.text("nothing", []), None);
}

#[test]
fn the_default_language_supplies_missing_parts_of_a_message() {
    let in_polish = "demo-score_import = Import wyników\n    .stage-load = Wczytanie\n";
    let languages = Languages::new()
        .with("en", "demo-score_import =\n    .stage-2 = Processing\n")
        .and_then(|languages| languages.with("pl", in_polish))
        .and_then(|languages| {
            languages.with("eo", "demo-score_import =\n    .stage-6 = Konservo\n")
        })
        .and_then(|languages| languages.default_to("pl"))
        .unwrap();
    for (tag, stages) in [
        ("eo", ["Wczytanie", "Processing", "Konservo"]),
        ("pl", ["Wczytanie", "Processing", "保存"]),
        ("en", ["Wczytanie", "Processing", "保存"]),
    ] {
        let language = languages.find(tag);
        assert_eq!(language.title(&KIND), "Import wyników", "{tag}");
        let labels = language.stages(&KIND);
        assert_eq!([&labels[0], &labels[1], &labels[5]], stages, "{tag}");
    }
}

#[test]
fn texts_that_cannot_be_used_are_refused_with_the_reason() {
    let message = |result: Result<Languages, LanguageError>| result.unwrap_err().to_string();
    assert_eq!(
        message(Languages::new().with("polish language", "")),
        "expected a language as a BCP 47 tag such as `pl` or `zh-Hans`, found `polish language`"
    );
    assert_eq!(
        message(Languages::new().with("pl", "hello = Cześć\nbye =\n")),
        "the texts for `pl`: line 2: Expected a message field for \"bye\""
    );
    assert_eq!(
        message(Languages::new().default_to("eo")),
        "expected one of the languages with texts (de, en, fr, ja, pl, uk, zh-Hans), found `eo`"
    );
}

#[test]
fn a_text_with_a_missing_variable_is_shown_in_part() {
    let languages = Languages::new().with("pl", "rows = { $rows } wierszy").unwrap();
    assert_eq!(languages.find("pl").text("rows", []).unwrap(), "{$rows} wierszy");
}

#[test]
fn a_cut_escape_is_an_error_and_no_panic() {
    for (messages, line) in [
        ("a = {\"\\u5У)\"}", 1),
        ("b = x\nc = { \"\\U00ą\" }\n", 2),
        ("b = \\u0041\nc = { \"\\u0041\" }{ \"\\u12ż4\" }\n", 2),
    ] {
        let error = Languages::new().with("pl", messages).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("the texts for `pl`: line {line}: ")),
            "{messages}: {error}"
        );
    }
    // Outside of a placeable these are ordinary letters.
    assert!(Languages::new().with("pl", "a = C:\\użytkownik").is_ok());
}
