use std::{fmt, str::FromStr, sync::Arc};

/// One addressable part of an operation's page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// Cancel and Retry.
    Controls,
    /// The stage stepper.
    Stages,
    /// The status line.
    Status,
    /// The progress bar.
    Progress,
    /// A region of the application's own.
    Custom(RegionName),
    /// The result or the error.
    Result,
    /// The log.
    Log,
}

impl Region {
    /// The regions every operation has, in the order of the page.
    pub const BUILT_IN: [Self; 6] =
        [Self::Controls, Self::Stages, Self::Status, Self::Progress, Self::Result, Self::Log];

    /// The region's name, as it stands in element ids.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Controls => "controls",
            Self::Stages => "stages",
            Self::Status => "status",
            Self::Progress => "progress",
            Self::Custom(name) => name.as_str(),
            Self::Result => "result",
            Self::Log => "log",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Region {
    type Err = ParseRegionError;

    fn from_str(name: &str) -> Result<Self, ParseRegionError> {
        match Self::BUILT_IN.into_iter().find(|region| region.as_str() == name) {
            Some(region) => Ok(region),
            None => name.parse().map(Self::Custom),
        }
    }
}

/// The name of a custom region: 1 to 64 of `a`–`z`, `0`–`9`, `-` and `_`, a letter first, and not
/// the name of a built-in region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionName(Arc<str>);

impl RegionName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegionName {
    type Err = ParseRegionError;

    fn from_str(name: &str) -> Result<Self, ParseRegionError> {
        let is_word = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        // `regions` is the place of the custom ones, and what went wrong is for staff alone.
        let is_taken = matches!(name, "regions" | "traceback")
            || Region::BUILT_IN.iter().any(|region| region.as_str() == name);
        if is_word && !is_taken {
            Ok(Self(name.into()))
        } else {
            Err(ParseRegionError { found: name.to_owned() })
        }
    }
}

/// A text that is no name for a custom region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a region name of 1 to 64 of a-z, 0-9, `-` and `_` that starts with a letter and is \
     not built in, found `{found}`"
)]
pub struct ParseRegionError {
    found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for region in Region::BUILT_IN {
            assert_eq!(region.as_str().parse(), Ok(region));
        }
        assert_eq!("preview".parse(), Ok(Region::Custom(RegionName("preview".into()))));
    }

    #[test]
    fn a_custom_region_cannot_break_out_of_an_element_id() {
        for name in
            ["", "Log", "log", "regions", "traceback", "9a", "a b", "a\"", "a.b", &"a".repeat(65)]
        {
            assert!(name.parse::<RegionName>().is_err(), "{name:?}");
        }
    }
}
