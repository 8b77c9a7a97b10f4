//! A number with bounds and a default, as a field of an input.

use std::fmt;

use liveops::form::{FieldType, FormField};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number from `MIN` to `MAX`, with the default `DEFAULT`.
///
/// The bounds are checked when the operation is created, so that the form reports an error instead of the
/// run. An empty form field counts as absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounded<const MIN: u64, const MAX: u64, const DEFAULT: u64>(u64);

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> Bounded<MIN, MAX, DEFAULT> {
    /// The number.
    pub fn value(self) -> u64 {
        self.0
    }
}

/// An error for a number outside of its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a number from {min} to {max}, found {found}")]
pub struct OutOfBounds {
    min: u64,
    max: u64,
    found: u64,
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> TryFrom<u64>
    for Bounded<MIN, MAX, DEFAULT>
{
    type Error = OutOfBounds;

    fn try_from(found: u64) -> Result<Self, OutOfBounds> {
        if (MIN..=MAX).contains(&found) {
            Ok(Self(found))
        } else {
            Err(OutOfBounds { min: MIN, max: MAX, found })
        }
    }
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> Default for Bounded<MIN, MAX, DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> fmt::Display
    for Bounded<MIN, MAX, DEFAULT>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> FormField for Bounded<MIN, MAX, DEFAULT> {
    const FIELD: FieldType = FieldType::whole(MIN as i64, MAX);
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> Serialize for Bounded<MIN, MAX, DEFAULT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de, const MIN: u64, const MAX: u64, const DEFAULT: u64> Deserialize<'de>
    for Bounded<MIN, MAX, DEFAULT>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<u64>::deserialize(deserializer)? {
            None => Ok(Self::default()),
            Some(number) => Self::try_from(number).map_err(de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Hz = Bounded<1, 1_000, 10>;

    #[test]
    fn what_is_left_out_is_the_default() {
        assert_eq!(serde_json::from_value::<Hz>(json!(null)).unwrap(), Hz::default());
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_with_the_bounds() {
        for number in [0, 1_001] {
            let error = serde_json::from_value::<Hz>(json!(number)).unwrap_err().to_string();
            assert_eq!(error, format!("expected a number from 1 to 1000, found {number}"));
        }
    }

    #[test]
    fn bounds_belong_to_the_range() {
        for number in [1, 1_000] {
            assert_eq!(serde_json::from_value::<Hz>(json!(number)).unwrap().value(), number);
        }
    }
}
