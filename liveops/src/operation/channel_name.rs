//! The names of the channels.

use std::{fmt, str::FromStr, sync::Arc};

use super::{OperationId, UserId};
use crate::parse_error::ParseError;

const OPERATION: &str = "liveop.";
const OWNER: &str = "liveops.owner.";
const ALL: &str = "liveops.all";
const WORKERS: &str = "liveops.workers";

/// The name of a channel: `liveop.<uuid>` for an operation, `liveops.owner.<owner>` for the list of one
/// owner, `liveops.all` for the list of all operations, `liveops.workers` for the processes that run
/// operations.
///
/// ```
/// use liveops::{ChannelName, OperationId};
///
/// let id = OperationId::new();
/// let channel = ChannelName::operation(id);
/// assert_eq!(channel.as_str(), format!("liveop.{id}"));
/// assert_eq!(channel.operation_id(), Some(id));
/// assert_eq!("liveops.owner.ann".parse(), Ok(ChannelName::owner(&"ann".into())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(Arc<str>);

impl ChannelName {
    /// Returns the channel of one operation.
    pub fn operation(id: OperationId) -> Self {
        Self(format!("{OPERATION}{id}").into())
    }

    /// Returns the channel of the list of one owner.
    pub fn owner(owner: &UserId) -> Self {
        Self(format!("{OWNER}{owner}").into())
    }

    /// Returns the channel of the list of all operations, which only staff may watch.
    pub fn all() -> Self {
        Self(ALL.into())
    }

    /// Returns the channel of the processes that run operations. This name cannot be parsed from a text, so
    /// no client can subscribe to the channel.
    pub fn workers() -> Self {
        Self(WORKERS.into())
    }

    /// Returns the operation of this channel, or `None` for a channel that is not of an operation.
    pub fn operation_id(&self) -> Option<OperationId> {
        self.0.strip_prefix(OPERATION)?.parse().ok()
    }

    /// Returns the ID of the owner whose list has this channel.
    pub(crate) fn list_owner(&self) -> Option<&str> {
        self.0.strip_prefix(OWNER)
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ChannelName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let name = Self(text.into());
        let is_list =
            text == ALL || text.strip_prefix(OWNER).is_some_and(|owner| !owner.is_empty());
        if is_list || name.operation_id().is_some_and(|id| Self::operation(id) == name) {
            Ok(name)
        } else {
            Err(ParseError::new(format!("`{OPERATION}<uuid>`, `{OWNER}<owner>` or `{ALL}`"), text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let id = OperationId::new();
        let operation = ChannelName::operation(id);
        assert_eq!(operation.as_str().parse(), Ok(operation.clone()));
        assert_eq!(operation.operation_id(), Some(id));

        let list = ChannelName::owner(&UserId::from("ann"));
        assert_eq!(list.as_str(), "liveops.owner.ann");
        assert_eq!(list.as_str().parse(), Ok(list.clone()));
        assert_eq!(list.operation_id(), None);
        assert_eq!("liveops.all".parse(), Ok(ChannelName::all()));
    }

    #[test]
    fn other_texts_name_nothing() {
        for text in ["", "liveop.", "liveop.7", "liveops.owner.", "liveops.workers", "chat.1"] {
            assert!(text.parse::<ChannelName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn one_operation_has_one_name() {
        let shouted = format!("liveop.{}", OperationId::new().to_string().to_uppercase());
        assert!(shouted.parse::<ChannelName>().is_err());
    }
}
