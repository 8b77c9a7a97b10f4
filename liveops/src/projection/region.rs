use std::{fmt, str::FromStr};

use crate::operation::{ParseRegionError, RegionName};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for region in Region::BUILT_IN {
            assert_eq!(region.as_str().parse(), Ok(region));
        }
        assert_eq!("preview".parse(), Ok(Region::Custom("preview".parse().unwrap())));
    }

    #[test]
    fn name_of_a_built_in_region_names_no_custom_one() {
        for region in Region::BUILT_IN {
            assert!(region.as_str().parse::<RegionName>().is_err(), "{region}");
        }
    }
}
