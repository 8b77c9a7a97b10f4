//! The identity of a user of the application.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A user or a service of the application, as the owner or as the viewer of an operation.
///
/// liveops only compares and shows these IDs. The application defines their meaning.
///
/// ```
/// use liveops::UserId;
///
/// assert_eq!(UserId::from("ann").as_str(), "ann");
/// assert_eq!(UserId::from(42), UserId::from("42"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct UserId(Arc<str>);

impl UserId {
    /// Returns the ID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for UserId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for UserId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

/// The number in decimal digits.
impl From<i64> for UserId {
    fn from(id: i64) -> Self {
        id.to_string().into()
    }
}

/// The number in decimal digits.
impl From<i32> for UserId {
    fn from(id: i32) -> Self {
        id.to_string().into()
    }
}

/// The UUID in lower case with hyphens.
impl From<Uuid> for UserId {
    fn from(id: Uuid) -> Self {
        id.to_string().into()
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Owner;

    #[test]
    fn numbers_and_uuids_are_ids_of_users() {
        assert_eq!(UserId::from(7_i64).as_str(), "7");
        assert_eq!(UserId::from(i64::MIN).as_str(), "-9223372036854775808");
        assert_eq!(UserId::from(-1_i32).as_str(), "-1");
        assert_eq!(UserId::from(7_i64), UserId::from(7_i32));
        let uuid = Uuid::from_u128(0x0192_F0C1_8A5B_7000_8000_0000_0000_00AB);
        assert_eq!(UserId::from(uuid).as_str(), "0192f0c1-8a5b-7000-8000-0000000000ab");
    }

    #[test]
    fn a_literal_number_is_an_owner() {
        assert_eq!(Owner::from(7), Owner::from("7"));
    }
}
