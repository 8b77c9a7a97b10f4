//! The regions of an operation's page.

use std::{fmt, str::FromStr};

use crate::{operation::RegionName, parse_error::ParseError};

/// One addressable part of an operation's page.
///
/// ```
/// use liveops::channel::Region;
///
/// assert_eq!("log".parse(), Ok(Region::Log));
/// assert_eq!(Region::Custom("preview".parse()?).as_str(), "preview");
/// # Ok::<(), liveops::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// State badge, Cancel and Retry.
    Controls,
    /// The stage stepper.
    Stages,
    /// The status line.
    Status,
    /// The progress bar.
    Progress,
    /// A custom region of the application.
    Custom(RegionName),
    /// The result or the error message.
    Result,
    /// The log.
    Log,
}

impl Region {
    /// The regions of every operation, in page order.
    pub const BUILT_IN: [Self; 6] =
        [Self::Controls, Self::Stages, Self::Status, Self::Progress, Self::Result, Self::Log];

    /// The name of the region, as used in element ids.
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
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        match Self::BUILT_IN.into_iter().find(|region| region.as_str() == name) {
            Some(region) => Ok(region),
            None => name.parse().map(Self::Custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_to_their_regions() {
        for region in Region::BUILT_IN {
            assert_eq!(region.as_str().parse(), Ok(region));
        }
        assert_eq!("preview".parse(), Ok(Region::Custom("preview".parse().unwrap())));
    }

    #[test]
    fn custom_regions_cannot_have_the_name_of_a_built_in_one() {
        for region in Region::BUILT_IN {
            assert!(region.as_str().parse::<RegionName>().is_err(), "{region}");
        }
    }
}
