//! Reads `#[liveop(…)]` and `#[stages(…)]` as they were typed, with the span of every part.
//!
//! Knows the grammar, not the rules: whether a value is any good is the model's question.

mod keys;
mod list;
mod stages;
mod value;

#[cfg(test)]
pub(crate) use keys::KEYS;
pub(crate) use keys::Keys;
pub(crate) use stages::{RawName, RawStage, RawWeight};
pub(crate) use value::{Duration, RawUnique, Whole};

use syn::{Attribute, Meta, MetaList};

use crate::errors::Errors;

/// Everything the attributes of one struct say.
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
            }
        }
        read
    }
}

/// Whether `attr` is one of ours.
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
