//! The names of the custom regions of a page.

use std::{str::FromStr, sync::Arc};

use crate::parse_error::ParseError;

/// The names of the built-in regions and of two more elements of the page: `regions` contains the custom
/// regions, and `traceback` is for staff.
const RESERVED: [&str; 8] =
    ["controls", "stages", "status", "progress", "result", "log", "regions", "traceback"];

/// The valid names, for the error.
const EXPECTED: &str = "a region name of 1 to 64 of a-z, 0-9, `-` and `_` that starts with a letter and \
     is not the name of a built-in region";

/// The name of a custom region: 1 to 64 of `a`–`z`, `0`–`9`, `-` and `_`, starting with a letter. The name of
/// a built-in region is not allowed.
///
/// [`Progress::web`](crate::Progress::web) has an example of a custom region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionName(Arc<str>);

impl RegionName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegionName {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        let is_word = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        if is_word && !RESERVED.contains(&name) {
            Ok(Self(name.into()))
        } else {
            Err(ParseError::new(EXPECTED, name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_region_cannot_break_out_of_an_element_id() {
        for name in
            ["", "Log", "log", "regions", "traceback", "9a", "a b", "a\"", "a.b", &"a".repeat(65)]
        {
            assert!(name.parse::<RegionName>().is_err(), "{name:?}");
        }
    }
}
