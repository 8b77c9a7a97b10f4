//! The attributes of serde on a field, a variant or a type, as far as they concern a form.
//!
//! Errors in these attributes are ignored, because serde reports them.

use syn::{Attribute, Ident, LitStr, Path, Token, meta::ParseNestedMeta, token::Paren};

use super::list::take_item;

/// The part of `#[serde(…)]` that changes the name of a field, its default or its JSON.
#[derive(Default)]
pub(crate) struct SerdeAttrs {
    pub(crate) rename: Option<String>,
    pub(crate) rename_all: Option<String>,
    pub(crate) aliases: Vec<String>,
    pub(crate) default: Option<SerdeDefault>,
    /// serde never reads the field.
    pub(crate) is_skipped: bool,
    /// serde writes the field in another way than its type, or not at all.
    pub(crate) is_written_otherwise: bool,
    /// The key that makes serde read the field in another way than its type.
    pub(crate) read_otherwise: Option<Ident>,
    pub(crate) flatten: Option<Ident>,
    /// The key that makes the JSON of a type differ from its fields or variants.
    pub(crate) shape: Option<Ident>,
}

/// The value of a field that is left out.
pub(crate) enum SerdeDefault {
    Trait,
    Function(Path),
}

impl SerdeAttrs {
    pub(crate) fn read(attrs: &[Attribute]) -> Self {
        let mut read = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
            // Code after an error is not compiled anyway, so the rest of the attribute can be ignored.
            let _ = attr.parse_nested_meta(|meta| {
                read.read_one(&meta)?;
                take_item(meta.input);
                Ok(())
            });
        }
        read
    }

    fn read_one(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let Some(key) = meta.path.get_ident() else { return Ok(()) };
        match key.to_string().as_str() {
            "rename" => self.rename = for_reading(meta)?,
            "rename_all" => self.rename_all = for_reading(meta)?,
            "alias" => self.aliases.push(meta.value()?.parse::<LitStr>()?.value()),
            "default" => self.default = Some(default(meta)?),
            "skip" | "skip_deserializing" => self.is_skipped = true,
            "skip_serializing" | "serialize_with" => self.is_written_otherwise = true,
            "with" => {
                self.is_written_otherwise = true;
                self.read_otherwise = Some(key.clone());
            }
            "deserialize_with" => self.read_otherwise = Some(key.clone()),
            "flatten" => self.flatten = Some(key.clone()),
            "transparent" | "from" | "try_from" | "untagged" | "tag" | "content" => {
                self.shape = Some(key.clone());
            }
            _ => {}
        }
        Ok(())
    }
}

/// Reads `= "name"` or `(deserialize = "name")`.
fn for_reading(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<String>> {
    if !meta.input.peek(Paren) {
        return Ok(Some(meta.value()?.parse::<LitStr>()?.value()));
    }
    let mut name = None;
    meta.parse_nested_meta(|side| {
        let value = side.value()?.parse::<LitStr>()?.value();
        if side.path.is_ident("deserialize") {
            name = Some(value);
        }
        Ok(())
    })?;
    Ok(name)
}

fn default(meta: &ParseNestedMeta<'_>) -> syn::Result<SerdeDefault> {
    if !meta.input.peek(Token![=]) {
        return Ok(SerdeDefault::Trait);
    }
    let path: LitStr = meta.value()?.parse()?;
    path.parse().map(SerdeDefault::Function)
}
