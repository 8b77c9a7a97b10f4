//! Tests of the texts that reach terminals and text files.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{
    ansi::{Color, Style},
    *,
};

/// Texts that consist mostly of characters of sequences.
fn hostile() -> impl Strategy<Value = String> {
    proptest::string::string_regex(
        "([\u{1b}\u{9b}\u{9d}\u{90}\u{7}\u{9c}\\[\\]\\\\;:0-9mKJ\r\n\tPX^_ a-z<&]|\\u{1b}\\[[0-9;:]{0,9}m|\
         \u{202e}|\u{2066}|\u{61c}|\u{e0041}|\\PC|\\p{Cc}){0,40}",
    )
    .unwrap()
}

/// The characters of the property `Bidi_Control`.
const BIDI_CONTROLS: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

fn is_safe(text: &str) -> bool {
    !text.contains(|c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n')) || BIDI_CONTROLS.contains(&c)
    })
}

#[test]
fn invisible_characters_are_escaped_and_the_joiners_of_scripts_are_not() {
    assert_eq!(plain("a\u{200b}b\u{feff}c\u{2060}\u{ad}"), "a\\u{200b}b\\u{feff}c\\u{2060}\u{ad}");
    for text in ["می\u{200c}خواهم", "👩\u{200d}💻"] {
        assert_eq!(plain(text), text);
    }
}

proptest! {
    #[test]
    fn no_control_or_bidi_character_remains(text in hostile()) {
        prop_assert!(is_safe(&plain(&text)), "{:?}", plain(&text));
        prop_assert!(is_safe(&escape(&text)));
        let shown = plain(&text);
        prop_assert_eq!(&plain(&shown), &shown);
    }

    #[test]
    fn a_text_of_the_page_is_the_same_text(text in hostile()) {
        let joined: String = parts(&text).iter().map(|part| part.text).collect();
        prop_assert_eq!(&*joined, &*without_sequences(&text));
        let of_page = escape_controls(&joined);
        prop_assert_eq!(plain(&of_page), plain(&text));
    }

    #[test]
    fn a_harmless_text_is_unchanged(text in "[\\PC\t\n&&[^\u{2028}\u{2029}]]{0,40}") {
        prop_assert_eq!(plain(&text), text.as_str());
    }

    #[cfg(feature = "cli")]
    #[test]
    fn escaped_json_has_the_same_value(text in hostile(), key in hostile()) {
        let value = serde_json::json!({ key: [text] });
        for json in [value.to_string(), format!("{value:#}")] {
            let escaped = escape_json(&json);
            prop_assert!(is_safe(&escaped), "{:?}", escaped);
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), &value);
        }
    }
}

#[test]
fn sequences_are_removed_and_what_is_left_of_others_is_escaped() {
    for (text, shown) in [
        ("\u{1b}[32mok\u{1b}[0m", "ok"),
        ("\u{1b}]0;PWNED\u{7}title", "title"),
        ("\u{1b}]0;PWNED\u{1b}\\title", "title"),
        ("\u{1b}]8;;https://x.example\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
        ("\u{9d}0;PWNED\u{9c}title", "title"),
        ("\u{1b}Pq#0;2;0;0;0\u{1b}\\image", "image"),
        ("\u{1b}[2J\u{1b}[?25l\u{1b}[1;1Hgone", "gone"),
        ("\u{9b}2Jgone", "gone"),
        ("\u{1b}cgone", "gone"),
        ("\u{1b}(Bletters", "letters"),
        // A command without an end hides nothing.
        ("\u{1b}]0;visible", "\\u{1b}]0;visible"),
        ("\u{1b}]0;visible\n\u{7}", "\\u{1b}]0;visible\n\\u{7}"),
        ("\u{1b}[31", "\\u{1b}[31"),
        ("\u{1b}[31é", "\\u{1b}[31é"),
        ("\u{1b}", "\\u{1b}"),
        ("bell\u{7}\u{8}\u{7f}\u{85}", "bell\\u{7}\\u{8}\\u{7f}\\u{85}"),
        ("a\u{202e}b\u{2069}", "a\\u{202e}b\\u{2069}"),
        ("a\u{2028}b", "a\\u{2028}b"),
        ("10 %\r50 %\r100 %", "100 %"),
        ("10 %\r\u{1b}[2K100 %\n20 %\r30 %\r", "100 %\n30 %"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("two\r\r\nlines", "two\nlines"),
    ] {
        assert_eq!(plain(text), shown, "{text:?}");
    }
}

#[test]
fn colours_become_styles() {
    fn styled(text: &str) -> Vec<(Style, &str)> {
        parts(text).into_iter().map(|part| (part.style, part.text)).collect()
    }

    let color = |color| Style { color: Some(color), ..Style::default() };
    let none = Style::default();
    assert_eq!(
        styled("a\u{1b}[1;32mb\u{1b}[39mc\u{1b}[md"),
        [
            (none, "a"),
            (Style { is_bold: true, ..color(Color::Green) }, "b"),
            (Style { is_bold: true, ..none }, "c"),
            (none, "d"),
        ]
    );
    for (code, expected) in [
        ("91", color(Color::Red)),
        ("38;5;9", color(Color::Red)),
        ("38;5;226", color(Color::Yellow)),
        ("38;2;0;160;250", color(Color::Cyan)),
        ("38:2::250:10:10", color(Color::Red)),
        ("38:2:250:10:10", color(Color::Red)),
        ("48;5;1", none),
        ("48;2;1;2;3;35", color(Color::Magenta)),
        ("4:0", none),
        ("4:3", Style { is_underlined: true, ..none }),
        ("3;2", Style { is_italic: true, is_dim: true, ..none }),
        ("38;5;240", none),
        ("37", none),
        ("99999999999999", none),
        ("38;5", none),
        ("38;2;1", none),
        ("7;5;8", none),
    ] {
        let text = format!("\u{1b}[{code}mx");
        assert_eq!(styled(&text), [(expected, "x")], "{code}");
    }
}

#[test]
fn a_text_has_a_limited_number_of_styled_parts() {
    let text = "\u{1b}[31mx\u{1b}[32my".repeat(400);
    let parts = parts(&text);
    assert_eq!(parts.iter().filter(|part| part.style != Style::default()).count(), 100);
    assert_eq!(parts.iter().map(|part| part.text).collect::<String>(), "xy".repeat(400));
}

#[test]
fn the_time_grows_with_the_text_and_not_with_its_square() {
    // 1 MiB each. Quadratic time would be hours.
    for unit in [
        "\u{1b}]",
        "\u{1b}P",
        "\u{1b}[",
        "\u{1b}[1;",
        "\u{9d}",
        "\r",
        "\u{1b}(",
        "\u{1b}]\u{1b}P",
        "x\r",
    ] {
        let text = unit.repeat((1 << 20) / unit.len());
        let start = Instant::now();
        let shown = plain(&text).len();
        assert!(start.elapsed() < Duration::from_secs(20), "{unit:?}: {shown}");
    }
}
