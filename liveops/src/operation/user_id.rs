//! The identity of a user of the application.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// A user or a service of the application, as the owner or as the viewer of an operation.
///
/// liveops only compares and shows these IDs. The application defines their meaning.
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
