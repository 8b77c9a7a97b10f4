//! The rows of the table of costs.

use super::variant::Variant;

/// A row of the table: the cost is the difference between two variants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) title: &'static str,
    pub(super) with: Variant,
    pub(super) without: Variant,
}

impl Row {
    pub(super) const SERDE: Self = Self {
        title: "serde's `Serialize` and `Deserialize`",
        with: Variant::Serde,
        without: Variant::Plain,
    };

    pub(super) const SERDE_USED: Self = Self {
        title: "one `from_value` and one `to_value` of it",
        with: Variant::SerdeUsed,
        without: Variant::Serde,
    };

    pub(super) const DERIVE: Self = Self {
        title: "`LiveOperation`, three stages",
        with: Variant::Derive,
        without: Variant::Serde,
    };

    pub(super) const EVERYTHING: Self = Self {
        title: "everything: serde's derives, `LiveOperation`, an empty `run`, `register`",
        with: Variant::Registered,
        without: Variant::Plain,
    };

    pub(super) const ALL: [Self; 10] = [
        Self { title: "`Clone`, `Debug`", with: Variant::Std, without: Variant::Plain },
        Self { title: "`thiserror::Error`", with: Variant::Thiserror, without: Variant::Debug },
        Self { title: "serde's `Serialize`", with: Variant::Serialize, without: Variant::Plain },
        Self::SERDE,
        Self::SERDE_USED,
        Self::DERIVE,
        Self {
            title: "`LiveOperation` without stages",
            with: Variant::DeriveWithoutStages,
            without: Variant::Serde,
        },
        Self {
            title: "an empty `run`, and `register`",
            with: Variant::Registered,
            without: Variant::Derive,
        },
        Self::EVERYTHING,
        Self {
            title: "a `run` of three stages instead of an empty one",
            with: Variant::Working,
            without: Variant::Registered,
        },
    ];
}
