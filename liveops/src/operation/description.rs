//! The line that tells an operation from the others of its type.

use std::{fmt::Display, path::PathBuf};

use crate::plain_text::is_bidi_or_invisible;

/// Maximum number of characters of a stored description.
const LEN_MAX: usize = 200;

/// Returns a description as it is stored: one line of at most 200 characters. Returns `None` for a text without visible
/// characters.
///
/// White space and control characters become single spaces. Characters that reorder or hide text are left out, so that
/// a description cannot change the text around it.
pub(crate) fn stored(text: &str) -> Option<String> {
    let is_kept = |c: &char| c.is_whitespace() || !is_bidi_or_invisible(*c);
    let (mut line, mut len, mut is_apart) = (String::new(), 0, false);
    for c in text.chars().filter(is_kept) {
        if c.is_whitespace() || c.is_control() {
            is_apart = len > 0;
            continue;
        }
        if len + usize::from(is_apart) >= LEN_MAX {
            // The ellipsis replaces the last character.
            line.pop();
            line.push('…');
            break;
        }
        if is_apart {
            line.push(' ');
            len += 1;
            is_apart = false;
        }
        line.push(c);
        len += 1;
    }
    (len > 0).then_some(line)
}

/// Joins the parts of a description.
pub fn described(parts: &[String]) -> Option<String> {
    Some(parts.concat())
}

/// Returns the description by a function of the application.
pub fn described_by<Op>(describe: fn(&Op) -> String, operation: &Op) -> Option<String> {
    Some(describe(operation))
}

/// Returns the text between two fields of a description.
pub fn described_text(text: &str) -> String {
    text.to_owned()
}

/// Returns the text of a field in a description.
pub fn described_field<T: DescribedField<Via>, Via>(field: &T) -> String {
    field.text()
}

/// A type of a field that `#[liveop(describe = "…")]` can name: a type with `Display`, a path, which is shown as the
/// name of its file, or an option of one of them, which is empty without a value.
///
/// `Via` keeps the implementations apart: the compiler infers it from the type of the field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a description",
    label = "a field in `describe` needs the trait `Display`",
    note = "paths, uploads, and options of types with `Display` can be part of a description too",
    note = "for any other type, name a function that returns a `String`, such as `describe = Self::description`"
)]
pub trait DescribedField<Via> {
    /// Returns the field as text.
    fn text(&self) -> String;
}

/// The implementations by `Display`.
#[derive(Debug)]
pub struct ViaDisplay;

/// The implementation of paths.
#[derive(Debug)]
pub struct ViaPath;

/// The implementations of options.
#[derive(Debug)]
pub struct ViaOption<Via>(Via);

#[diagnostic::do_not_recommend]
impl<T: Display> DescribedField<ViaDisplay> for T {
    fn text(&self) -> String {
        self.to_string()
    }
}

#[diagnostic::do_not_recommend]
impl DescribedField<ViaPath> for PathBuf {
    fn text(&self) -> String {
        let name = self.file_name().unwrap_or(self.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

#[diagnostic::do_not_recommend]
impl<T: DescribedField<Via>, Via> DescribedField<ViaOption<Via>> for Option<T> {
    fn text(&self) -> String {
        self.as_ref().map(T::text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_one_line_without_characters_that_change_other_text() {
        for (text, line) in [
            ("Scores of spring.csv", Some("Scores of spring.csv")),
            (" a \r\n\t b\0c\u{1b}[2J\u{85} ", Some("a b c [2J")),
            ("\u{202e}evil\u{2066}\u{200f}\u{feff}\u{e0041}", Some("evil")),
            ("żółć 日本 👩‍🚀", Some("żółć 日本 👩‍🚀")),
            ("\u{2028}\n\0 \u{202e}", None),
            ("", None),
        ] {
            assert_eq!(stored(text).as_deref(), line, "{text:?}");
        }
    }

    #[test]
    fn a_description_has_at_most_200_characters() {
        let full = "ż".repeat(200);
        assert_eq!(stored(&full).unwrap(), full);
        assert_eq!(stored(&format!("{full} ")).unwrap(), full);
        for longer in [format!("{full}x"), format!("{full} x"), "ż".repeat(1 << 20)] {
            let cut = stored(&longer).unwrap();
            assert_eq!(cut, format!("{}…", "ż".repeat(199)));
        }
        let apart = format!("{} {}", "x".repeat(199), "y");
        assert_eq!(stored(&apart).unwrap(), format!("{}…", "x".repeat(198)));
    }

    #[test]
    fn a_path_is_shown_as_the_name_of_its_file_and_an_absent_value_as_nothing() {
        assert_eq!(described_field(&PathBuf::from("/srv/uploads/spring.csv")), "spring.csv");
        assert_eq!(described_field(&PathBuf::from("/")), "/");
        assert_eq!(described_field(&Some(PathBuf::from("a/b"))), "b");
        assert_eq!(described_field(&Some(3)), "3");
        assert_eq!(described_field(&None::<Option<String>>), "");
        assert_eq!(described_field(&true), "true");
    }
}
