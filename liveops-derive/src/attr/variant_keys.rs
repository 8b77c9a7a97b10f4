//! The keys of `#[field(…)]` on an enum that is the type of a field, and on its variants.

use syn::{LitStr, Path};

use super::keys::keys;

keys! {
    /// The keys of the enum.
    EnumKeys of "field", listed in ENUM_KEYS:
    /// The path of liveops.
    "crate" => krate: Path,
}

keys! {
    /// The keys of one variant.
    VariantKeys of "field", listed in VARIANT_KEYS:
    /// The label.
    "label" => label: LitStr,
}
