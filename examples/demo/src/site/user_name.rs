//! The name of a user.

use std::{fmt, str::FromStr};

/// Maximum number of characters of a name.
const CHARS_MAX: usize = 64;

/// The name of a signed-in user: 1 to 64 letters, digits and visible signs.
///
/// Spaces and invisible characters are not allowed, so that two different names never look the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserName(String);

/// An error for a text that is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("A name has 1 to {CHARS_MAX} letters, digits and signs, and no spaces.")]
pub struct UserNameError;

/// Returns true for the name of staff. A real application would store this in a column of a table.
pub fn is_staff(name: &str) -> bool {
    name == "admin"
}

impl UserName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = UserNameError;

    fn from_str(text: &str) -> Result<Self, UserNameError> {
        let name = text.trim();
        let is_name = (1..=CHARS_MAX).contains(&name.chars().count())
            && name.chars().all(|c| c.is_alphanumeric() || c.is_ascii_graphic());
        if is_name { Ok(Self(name.to_owned())) } else { Err(UserNameError) }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visible_names_are_names() {
        for name in ["a", "ann", " ann ", "Łucja", "ann@example.org", &"x".repeat(64)] {
            assert!(name.parse::<UserName>().is_ok(), "{name:?}");
        }
    }

    #[test]
    fn empty_long_and_invisible_names_are_not() {
        for name in ["", "  ", "a b", "a\nb", "a\u{200b}b", "\u{202e}nna", &"x".repeat(65)] {
            assert_eq!(name.parse::<UserName>(), Err(UserNameError), "{name:?}");
        }
    }

    #[test]
    fn only_admin_is_staff() {
        assert!(is_staff("admin"));
        assert!(!is_staff("Admin") && !is_staff("ann"));
    }
}
