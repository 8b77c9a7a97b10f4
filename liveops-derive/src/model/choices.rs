//! The rules for an enum that is the type of a field.

use quote::ToTokens;
use syn::{Data, DeriveInput, Fields, Ident, Path, Variant, ext::IdentExt};

use super::form::line;
use crate::{
    attr::{self, Docs, EnumKeys, SerdeAttrs, VariantKeys},
    errors::Errors,
    naming::{self, serde_case},
};

/// An enum whose variants are the choices of a field.
pub(crate) struct Choices {
    pub(crate) ident: Ident,
    pub(crate) krate: Option<Path>,
    /// The name of each variant for serde, with its label.
    pub(crate) choices: Vec<(String, String)>,
}

impl Choices {
    pub(crate) fn check(input: DeriveInput, errors: &mut Errors) -> Self {
        let mut keys = EnumKeys::default();
        attr::read_keys(&mut keys, &input.attrs, "crate = my_app::liveops", errors);
        let serde = SerdeAttrs::read(&input.attrs);
        if let Some(shape) = &serde.shape {
            errors.at(
                shape,
                format!(
                    "`{shape}` is not supported: a form sends the name of a variant, and `{shape}` \
                     changes its JSON\nhelp: remove `{shape}`, or implement `FormField` by hand"
                ),
            );
        }
        if !input.generics.params.is_empty() {
            errors.at(
                &input.generics,
                "an enum of choices cannot have generic parameters\nhelp: remove the parameters",
            );
        }
        let choices = match &input.data {
            Data::Enum(data) => {
                let variants = data.variants.iter();
                variants.filter_map(|variant| choice(variant, &serde, errors)).collect()
            }
            Data::Struct(_) | Data::Union(_) => {
                errors.at(
                    &input.ident,
                    "`FormField` can only be derived for an enum, whose variants become the choices\n\
                     help: implement `FormField` by hand, with the constant `FIELD`",
                );
                Vec::new()
            }
        };
        Self { ident: input.ident, krate: keys.krate, choices }
    }
}

fn choice(
    variant: &Variant,
    container: &SerdeAttrs,
    errors: &mut Errors,
) -> Option<(String, String)> {
    let mut keys = VariantKeys::default();
    attr::read_keys(&mut keys, &variant.attrs, "label = \"…\"", errors);
    let serde = SerdeAttrs::read(&variant.attrs);
    if serde.is_skipped {
        return None;
    }
    if !matches!(variant.fields, Fields::Unit) {
        errors.at(
            variant.fields.to_token_stream(),
            "a variant with fields cannot be a choice in a form\n\
             help: remove the fields, skip the variant with `#[serde(skip)]`, or implement \
             `FormField` by hand",
        );
    }
    let name = variant.ident.unraw().to_string();
    let renamed = container.rename_all.as_deref().map(|rule| serde_case::variant(&name, rule));
    let (label, _) = Docs::read(&variant.attrs).label_and_help();
    let label = if label.is_empty() { naming::title(&name) } else { label };
    let label = line("label", keys.label.as_ref(), errors).unwrap_or(label);
    Some((serde.rename.or(renamed).unwrap_or(name), label))
}
