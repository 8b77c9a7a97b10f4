use std::fmt;

use serde_json::Value;

use super::LiveOperation;

/// Which operations of a type count as the same, so that a second one is not enqueued while the
/// first has not ended.
///
/// Only operations of one owner ever do: an operation is its owner's, and leading somebody to one
/// that they may not see would help nobody.
pub enum Unique<Op> {
    /// None: every one is enqueued.
    No,
    /// Those with the same input: the same JSON of the same [`version`](super::Policy::version), in
    /// which the order of keys does not matter.
    Input,
    /// Those of the same owner.
    Owner,
    /// Those for which the function gives the same text.
    By(fn(&Op) -> String),
}

impl<Op: LiveOperation> Unique<Op> {
    /// What `operation`, which is `input` as JSON, has in common with those that count as the
    /// same.
    pub(crate) fn key(&self, operation: &Op, input: &Value) -> Option<String> {
        match self {
            Self::No => None,
            Self::Input => Some(key_of_input(input, Op::POLICY.version)),
            Self::Owner => Some(String::new()),
            Self::By(key) => Some(key(operation)),
        }
    }
}

/// The same JSON means something else in another version, so that is part of it.
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
    fn the_order_of_keys_makes_no_other_input() {
        let one = json!({ "a": [{ "b": 1, "c": 2 }], "d": null });
        let other = json!({ "d": null, "a": [{ "c": 2, "b": 1 }] });
        assert_eq!(key_of_input(&one, 1), key_of_input(&other, 1));
    }

    #[test]
    fn every_other_difference_does() {
        let input = key_of_input(&json!({ "a": [1, 2] }), 1);
        for other in [json!({ "a": [2, 1] }), json!({ "a": [1, 2.0] }), json!({ "b": [1, 2] })] {
            assert_ne!(key_of_input(&other, 1), input);
        }
        assert_ne!(key_of_input(&json!({ "a": [1, 2] }), 2), input, "the version differs");
    }
}
