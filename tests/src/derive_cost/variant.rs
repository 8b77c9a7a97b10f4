//! The variants of the generated packages.

/// The attributes and code of the structs of a package. All variants have the same fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Variant {
    Plain,
    /// `Clone` and `Debug`.
    Std,
    /// `Debug`, which `thiserror::Error` requires.
    Debug,
    Thiserror,
    Serialize,
    /// `Serialize` and `Deserialize`.
    Serde,
    /// `Serialize` and `Deserialize`, each used once with JSON.
    SerdeUsed,
    /// An operation: the derives of serde and of liveops.
    Derive,
    /// An operation without stages.
    DeriveWithoutStages,
    /// A registered operation with an empty `run`.
    Registered,
    /// A registered operation with a `run` of three stages.
    Working,
}

impl Variant {
    pub(super) const ALL: [Self; 11] = [
        Self::Plain,
        Self::Std,
        Self::Debug,
        Self::Thiserror,
        Self::Serialize,
        Self::Serde,
        Self::SerdeUsed,
        Self::Derive,
        Self::DeriveWithoutStages,
        Self::Registered,
        Self::Working,
    ];

    /// Returns the variant's part of the package name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Std => "std",
            Self::Debug => "debug",
            Self::Thiserror => "thiserror",
            Self::Serialize => "serialize",
            Self::Serde => "serde",
            Self::SerdeUsed => "serde-used",
            Self::Derive => "derive",
            Self::DeriveWithoutStages => "derive-without-stages",
            Self::Registered => "registered",
            Self::Working => "working",
        }
    }

    /// Returns the title in a table.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Plain => "nothing",
            Self::Std => "`Clone`, `Debug`",
            Self::Debug => "`Debug`",
            Self::Thiserror => "`Debug`, `thiserror::Error`",
            Self::Serialize => "`Serialize`",
            Self::Serde => "`Serialize`, `Deserialize`",
            Self::SerdeUsed => "the same, used once with `serde_json`",
            Self::Derive => "`Serialize`, `Deserialize`, `LiveOperation`",
            Self::DeriveWithoutStages => "the same without stages",
            Self::Registered => "the same with stages, `impl Run`, registered",
            Self::Working => "the same with a `run` that works",
        }
    }
}
