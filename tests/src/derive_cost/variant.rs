/// What the structs of a package have; a struct with fields is in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Variant {
    Plain,
    /// `Clone` and `Debug`.
    Std,
    /// `Debug`, without which there is no `thiserror::Error`.
    Debug,
    Thiserror,
    Serialize,
    /// `Serialize` and `Deserialize`.
    Serde,
    /// The same, each read from JSON and written to it once.
    SerdeUsed,
    /// An operation: serde's derives and ours.
    Derive,
    /// An operation without stages.
    DeriveWithoutStages,
    /// An operation that does nothing when it runs, registered.
    Registered,
    /// An operation that works when it runs, registered.
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

    /// The name in a package's name.
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

    /// The name in a table.
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
