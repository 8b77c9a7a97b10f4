//! The keys of `#[liveop(…)]` on the type of an earlier input.

use syn::{Path, Type};

use super::{
    keys::keys,
    value::{Flag, Whole},
};

keys! {
    /// The keys of the type.
    EarlierKeys of "liveop", listed in EARLIER_KEYS:
    /// The version of the input.
    "version" => version: Whole,
    /// The type of the version before it.
    "before" => before: Type,
    /// The versions between this one and the earlier one were never in use.
    "gap" => gap: Flag,
    /// The path of liveops.
    "crate" => krate: Path,
}
