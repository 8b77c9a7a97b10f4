//! Reads `#[liveop(…)]` and `#[stages(…)]` as typed, with the span of every part.
//!
//! Knows the grammar but not the rules: the model decides if a value is allowed.

mod docs;
mod earlier_keys;
mod field_keys;
mod keys;
mod list;
mod serde;
mod stages;
mod value;
mod variant_keys;

pub(crate) use docs::Docs;
pub(crate) use earlier_keys::EarlierKeys;
#[cfg(test)]
pub(crate) use field_keys::FIELD_KEYS;
pub(crate) use field_keys::FieldKeys;
#[cfg(test)]
pub(crate) use keys::KEYS;
pub(crate) use keys::Keys;
pub(crate) use serde::{SerdeAttrs, SerdeDefault};
pub(crate) use stages::{RawName, RawStage, RawWeight};
pub(crate) use value::{Decimal, Duration, RawBound, RawDescribe, RawOptions, RawUnique, Whole};
pub(crate) use variant_keys::{EnumKeys, VariantKeys};

use syn::{Attribute, Meta, MetaList};

use crate::errors::Errors;
use keys::ReadKeys;

/// The content of all attributes of one struct.
#[derive(Default)]
pub(crate) struct Attrs {
    pub(crate) keys: Keys,
    pub(crate) stages: Vec<RawStage>,
}

impl Attrs {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        let mut has_stages = false;
        for attr in attrs {
            if attr.path().is_ident("liveop") {
                if let Some(list) = require_list(attr, "title = \"…\"", errors) {
                    read.keys.read(list, errors);
                }
            } else if attr.path().is_ident("stages") {
                if has_stages {
                    errors.at(
                        attr.path(),
                        "`#[stages(…)]` is given twice\nhelp: list every stage in one attribute",
                    );
                }
                has_stages = true;
                if let Some(list) = require_list(attr, "\"Load\", \"Save\"", errors) {
                    read.stages.extend(stages::read(list, errors));
                }
            } else if attr.path().is_ident("field") {
                errors.at(
                    attr,
                    "`#[field(…)]` belongs on a field, not on the struct\n\
                     help: move it to the field",
                );
            }
        }
        read
    }
}

/// The attributes of one field that concern the form.
pub(crate) struct FieldAttrs {
    pub(crate) keys: FieldKeys,
    pub(crate) serde: SerdeAttrs,
    pub(crate) docs: Docs,
}

impl FieldAttrs {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = FieldKeys::default();
        read_keys(&mut keys, attrs, "label = \"…\"", errors);
        Self { keys, serde: SerdeAttrs::read(attrs), docs: Docs::read(attrs) }
    }
}

/// Reads the keys of every attribute of their name. A field, an enum and a variant have different keys.
pub(crate) fn read_keys<K: ReadKeys>(
    keys: &mut K,
    attrs: &[Attribute],
    example: &str,
    errors: &mut Errors,
) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(K::ATTRIBUTE)) {
        if let Some(list) = require_list(attr, example, errors) {
            keys.read(list, errors);
        }
    }
}

/// Returns `true` if `attr` is an attribute of this derive.
pub(crate) fn is_ours(attr: &Attribute) -> bool {
    attr.path().is_ident("liveop") || attr.path().is_ident("stages")
}

fn require_list<'a>(
    attr: &'a Attribute,
    example: &str,
    errors: &mut Errors,
) -> Option<&'a MetaList> {
    if let Meta::List(list) = &attr.meta {
        return Some(list);
    }
    let name = attr.path().get_ident()?;
    errors.at(&attr.meta, format!("expected `{name}(…)`\nhelp: write `#[{name}({example})]`"));
    None
}
