//! The rule that prevents duplicates of an operation that has not ended.

use std::fmt;

use serde_json::Value;

use super::LiveOperation;

/// The rule that decides which operations of a type are duplicates. A duplicate of an operation that has not
/// ended is not enqueued.
///
/// Only operations of the same owner are duplicates. An owner must not be redirected to an operation of
/// another owner, because access to that operation would be denied.
///
/// ```
/// use liveops::{LiveOperation, Unique};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(unique = Newsletter::issue)]
/// struct Newsletter {
///     issue: u32,
///     text: String,
/// }
///
/// impl Newsletter {
///     fn issue(&self) -> String {
///         self.issue.to_string()
///     }
/// }
///
/// assert!(matches!(Newsletter::UNIQUE, Unique::By(_)));
/// ```
pub enum Unique<Op> {
    /// No operation is a duplicate: every operation is enqueued.
    No,
    /// Operations with the same input are duplicates: the same JSON, in any order of keys, and the same
    /// [`version`](super::Policy::version).
    Input,
    /// All operations of the same owner are duplicates.
    Owner,
    /// Operations for which the function returns the same text are duplicates.
    By(fn(&Op) -> String),
}

impl<Op: LiveOperation> Unique<Op> {
    /// Returns the text that all duplicates of `operation` have in common. `input` is `operation` as JSON.
    pub(crate) fn key(&self, operation: &Op, input: &Value) -> Option<String> {
        match self {
            Self::No => None,
            Self::Input => Some(key_of_input(input, Op::POLICY.version)),
            Self::Owner => Some(String::new()),
            Self::By(key) => Some(key(operation)),
        }
    }
}

/// Returns the key of an input. The key contains the version, because the same JSON has another meaning in
/// another version.
fn key_of_input(input: &Value, version: u32) -> String {
    let mut input = input.clone();
    input.sort_all_objects();
    format!("{version} {input}")
}

impl<Op> fmt::Debug for Unique<Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "No",
            Self::Input => "Input",
            Self::Owner => "Owner",
            Self::By(_) => "By(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_change_the_unique_key() {
        let one = json!({ "a": [{ "b": 1, "c": 2 }], "d": null });
        let other = json!({ "d": null, "a": [{ "c": 2, "b": 1 }] });
        assert_eq!(key_of_input(&one, 1), key_of_input(&other, 1));
    }

    #[test]
    fn every_other_difference_changes_the_unique_key() {
        let input = key_of_input(&json!({ "a": [1, 2] }), 1);
        for other in [json!({ "a": [2, 1] }), json!({ "a": [1, 2.0] }), json!({ "b": [1, 2] })] {
            assert_ne!(key_of_input(&other, 1), input);
        }
        assert_ne!(key_of_input(&json!({ "a": [1, 2] }), 2), input, "the version differs");
    }
}
