//! The keys of `#[field(…)]`, documented for users in `liveops/src/form/keys.rs`.

use syn::LitStr;

use super::{
    keys::keys,
    value::{Decimal, Flag, Function, RawBound, RawOptions, Tokens, Whole},
};

keys! {
    /// The keys of one field.
    FieldKeys of "field", listed in FIELD_KEYS:
    /// The label.
    "label" => label: LitStr,
    /// The help text.
    "help" => help: LitStr,
    /// The kind of the field.
    "kind" => kind: LitStr,
    /// The value of a field that is left out.
    "default" => default: Tokens,
    /// The minimum.
    "min" => min: RawBound,
    /// The maximum.
    "max" => max: RawBound,
    /// The step between two values.
    "step" => step: Decimal,
    /// The maximum length.
    "max_length" => max_length: Whole,
    /// An example that is shown while the field is empty.
    "placeholder" => placeholder: LitStr,
    /// The choices.
    "options" => options: RawOptions,
    /// The accepted kinds of files.
    "accept" => accept: LitStr,
    /// The number of visible lines.
    "rows" => rows: Whole,
    /// The field is sent but not shown.
    "hidden" => hidden: Flag,
    /// The field is not in the form.
    "skip" => skip: Flag,
    /// A request may name a file of the server.
    "any_path" => any_path: Flag,
    /// A function that validates a value.
    "validate" => validate: Function,
}
