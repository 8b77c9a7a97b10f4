//! Built-in English: the messages of `texts/en.ftl`, without the Fluent runtime and without the data of the
//! Unicode CLDR.
//!
//! `en.ftl` uses two constructs of Fluent, variables and plurals, and this module evaluates only these. With
//! the feature `i18n`, tests compare every text and every format with Fluent and ICU.

use std::{collections::HashMap, sync::LazyLock};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, Variant, VariantKey},
    parser::parse_runtime,
};

use super::{Arg, localization::Localization};

/// The English texts of liveops.
pub(super) const TEXTS: &str = include_str!("../../texts/en.ftl");

/// The built-in English, without texts of the application.
pub(super) struct English;

static MESSAGES: LazyLock<HashMap<&str, Pattern<&str>>> = LazyLock::new(|| {
    let resource = parse_runtime(TEXTS).expect("a test parses the file");
    let messages = resource.body.into_iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some((message.id.name, message.value?)),
        _ => None,
    });
    messages.collect()
});

impl Localization for English {
    fn tag(&self) -> &str {
        "en"
    }

    fn message(&self, id: &str, attribute: Option<&str>, args: &[(&str, Arg)]) -> Option<String> {
        if attribute.is_some() {
            // Attributes are texts about operations, which only applications have.
            return None;
        }
        let mut text = String::new();
        write_pattern(&mut text, MESSAGES.get(id)?, args);
        Some(text)
    }

    fn number(&self, number: f64) -> String {
        number_in_digits(number)
    }

    fn integer(&self, number: i128) -> String {
        grouped(&number.to_string())
    }

    fn date(&self, on: NaiveDate) -> String {
        format!("{}, {}", on.format("%b %-d"), on.year())
    }

    fn date_time(&self, on: DateTime<Utc>) -> String {
        // The CLDR uses a narrow no-break space here.
        format!("{}, {}, {}", on.format("%b %-d"), on.year(), on.format("%-I:%M\u{202f}%p"))
    }
}

fn write_pattern(text: &mut String, pattern: &Pattern<&str>, args: &[(&str, Arg)]) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => text.push_str(value),
            PatternElement::Placeable { expression: Expression::Inline(inline) } => {
                write_variable(text, variable(inline), args);
            }
            PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                let variant = plural_form(variants, find(args, variable(selector)));
                write_pattern(text, &variant.value, args);
            }
        }
    }
}

fn write_variable(text: &mut String, name: &str, args: &[(&str, Arg)]) {
    match find(args, name) {
        Some(Arg::Number(number)) => text.push_str(&number_in_digits(*number)),
        Some(Arg::Integer(number)) => text.push_str(&grouped(&number.to_string())),
        Some(Arg::Text(words)) => text.push_str(words),
        // Fluent's notation for a missing variable.
        None => text.extend(["{$", name, "}"]),
    }
}

fn find<'a>(args: &'a [(&str, Arg)], name: &str) -> Option<&'a Arg> {
    args.iter().find(|(known, _)| *known == name).map(|(_, arg)| arg)
}

fn variable<'a>(expression: &InlineExpression<&'a str>) -> &'a str {
    match expression {
        InlineExpression::VariableReference { id } => id.name,
        other => {
            unreachable!("a test ensures that en.ftl contains only variables, found {other:?}")
        }
    }
}

/// Returns the variant for a number, or the default variant.
fn plural_form<'a>(variants: &'a [Variant<&str>], number: Option<&Arg>) -> &'a Variant<&'a str> {
    let is_one = match number {
        Some(Arg::Number(number)) => number.abs() == 1.0,
        Some(Arg::Integer(number)) => *number == 1,
        Some(Arg::Text(_)) | None => false,
    };
    let one = variants
        .iter()
        .find(|variant| is_one && matches!(variant.key, VariantKey::Identifier { name: "one" }));
    one.or_else(|| variants.iter().find(|variant| variant.default))
        .expect("the parser refuses a selection without a default")
}

/// Writes a number in decimal notation with a comma between groups of three digits.
fn number_in_digits(number: f64) -> String {
    let plain = number.to_string();
    if number.is_finite() { grouped(&plain) } else { plain }
}

/// Adds a comma between groups of three digits to a number in decimal notation.
fn grouped(plain: &str) -> String {
    let whole_end = plain.find('.').unwrap_or(plain.len());
    let (whole, fraction) = plain.split_at(whole_end);
    let is_negative = whole.starts_with('-');
    let mut grouped = String::with_capacity(plain.len() + whole.len() / 3);
    for (index, digit) in whole.char_indices() {
        let follows_digit = index > usize::from(is_negative);
        if follows_digit && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use chrono::TimeZone;

    use super::*;
    use crate::language::{Language, Text};

    #[test]
    fn english_has_exactly_the_declared_texts() {
        let expected: BTreeSet<&str> = Text::ALL.iter().map(|text| text.id()).collect();
        let found: BTreeSet<&str> = MESSAGES.keys().copied().collect();
        assert_eq!(found, expected);
        for id in found {
            // Panics if a message uses another construct of Fluent.
            assert!(!English.message(id, None, &[]).unwrap().is_empty(), "{id}");
        }
    }

    #[test]
    fn variables_and_plurals_are_filled_in() {
        let english = Language::default();
        let text =
            |lines: u32| english.translate_with(Text::LinesLeftOut, [("lines", lines.into())]);
        assert_eq!(text(0), "0 lines left out");
        assert_eq!(text(1), "1 line left out");
        assert_eq!(text(1_204), "1,204 lines left out");
        assert_eq!(english.translate_with(Text::Percent, [("percent", 12.5.into())]), "12.5 %");
        let args = [("number", 2_u32.into()), ("max", 5_u32.into())];
        assert_eq!(english.translate_with(Text::AttemptOf, args), "Attempt 2 of 5");
        assert_eq!(english.translate(Text::AttemptOf), "Attempt {$number} of {$max}");
        assert_eq!(english.text("cancel", []).unwrap(), "Cancel");
        assert_eq!(english.text("nothing", []), None);
    }

    #[test]
    fn numbers_have_groups_of_three_digits() {
        let english = Language::default();
        for (number, written) in [
            (0.0, "0"),
            (999.0, "999"),
            (-999.0, "-999"),
            (1_000.0, "1,000"),
            (-123_456.75, "-123,456.75"),
            (1_234_567.5, "1,234,567.5"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(english.number(number), written);
        }
    }

    #[test]
    fn moments_have_twelve_hours() {
        let english = Language::default();
        let on = Utc.with_ymd_and_hms(2026, 11, 1, 18, 5, 59).unwrap();
        assert_eq!(english.date_time(on), "Nov 1, 2026, 6:05\u{202f}PM");
        let on = Utc.with_ymd_and_hms(2026, 9, 21, 0, 0, 0).unwrap();
        assert_eq!(english.date_time(on), "Sep 21, 2026, 12:00\u{202f}AM");
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let english = Language::default();
        for (seconds, text) in [(0, "0 s"), (130, "2 min 10 s"), (3_900, "1 h 5 min")] {
            assert_eq!(english.duration(Duration::from_secs(seconds)), text);
        }
        assert_eq!(english.duration(Duration::from_millis(250)), "0.25 s");
    }
}
