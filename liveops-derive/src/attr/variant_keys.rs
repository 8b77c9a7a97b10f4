//! The keys of `#[field(…)]` on an enum that is the type of a field, and on its variants.

use syn::{LitStr, Path};

use super::keys::keys;

keys! {
    /// What is said of the enum.
    EnumKeys of "field", listed in ENUM_KEYS:
    /// Where liveops is, when it is not `::liveops`.
    "crate" => krate: Path,
}

keys! {
    /// What is said of one variant.
    VariantKeys of "field", listed in VARIANT_KEYS:
    /// What people read as its name.
    "label" => label: LitStr,
}
