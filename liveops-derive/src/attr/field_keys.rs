//! The keys of `#[field(…)]`. Users read about them in `liveops/src/form/keys.rs`.

use syn::LitStr;

use super::{
    keys::keys,
    value::{Decimal, Flag, Function, RawBound, RawOptions, Tokens, Whole},
};

keys! {
    /// What is said of one field.
    FieldKeys of "field", listed in FIELD_KEYS:
    /// What people read as its name.
    "label" => label: LitStr,
    /// What else there is to say.
    "help" => help: LitStr,
    /// How it is asked for.
    "kind" => kind: LitStr,
    /// What it is where it is left out.
    "default" => default: Tokens,
    /// The least value.
    "min" => min: RawBound,
    /// The greatest value.
    "max" => max: RawBound,
    /// From one value to the next.
    "step" => step: Decimal,
    /// How long it may be.
    "max_length" => max_length: Whole,
    /// What is shown while it is empty.
    "placeholder" => placeholder: LitStr,
    /// What there is to choose from.
    "options" => options: RawOptions,
    /// Which files are taken.
    "accept" => accept: LitStr,
    /// As how many lines it is seen.
    "rows" => rows: Whole,
    /// Whether it is sent and not seen.
    "hidden" => hidden: Flag,
    /// Whether it is left out of the form.
    "skip" => skip: Flag,
    /// Whether a request may name a file.
    "any_path" => any_path: Flag,
    /// What is wrong with a value.
    "validate" => validate: Function,
}
