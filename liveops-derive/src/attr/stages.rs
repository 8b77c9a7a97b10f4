//! The stages of `#[stages(…)]`: `Variant = "Label" = weight`. The weight is optional, and so is either the
//! variant or the label.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Ident, LitStr, MetaList, Token, ext::IdentExt, parse::ParseStream};

use super::{
    list::{read_each, take_item},
    value::Whole,
};
use crate::errors::Errors;

/// One stage as typed.
pub(crate) struct RawStage {
    pub(crate) name: RawName,
    pub(crate) weight: RawWeight,
}

/// The weight of a stage as typed.
pub(crate) enum RawWeight {
    Absent,
    /// The value is not a weight; an error was added.
    Broken,
    Given(Whole),
}

/// The name of a stage as typed.
pub(crate) enum RawName {
    /// `"Load data"`
    Label(LitStr),
    /// `LoadData`
    Variant(Ident),
    /// `LoadData = "Load data"`
    Both { variant: Ident, label: LitStr },
}

impl RawName {
    /// Returns the tokens that the label comes from.
    pub(crate) fn label(&self) -> &dyn ToTokens {
        match self {
            Self::Label(label) | Self::Both { label, .. } => label,
            Self::Variant(variant) => variant,
        }
    }

    /// Returns the tokens that the variant comes from.
    pub(crate) fn variant(&self) -> &dyn ToTokens {
        match self {
            Self::Label(label) => label,
            Self::Variant(variant) | Self::Both { variant, .. } => variant,
        }
    }
}

impl ToTokens for RawName {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Label(label) => label.to_tokens(tokens),
            Self::Variant(variant) => variant.to_tokens(tokens),
            Self::Both { variant, label } => tokens.extend(quote!(#variant = #label)),
        }
    }
}

pub(super) fn read(list: &MetaList, errors: &mut Errors) -> Vec<RawStage> {
    let mut stages = Vec::new();
    if list.tokens.is_empty() {
        errors.at(
            list,
            "`#[stages()]` has no stages\n\
             help: list the stages, such as `#[stages(\"Load\", \"Save\")]`, or remove the attribute",
        );
    }
    read_each(list, errors, |input| {
        let name = read_name(input)?;
        let weight = read_weight(input, &name);
        let (weight, read) = match weight {
            Ok(None) => (RawWeight::Absent, Ok(())),
            Ok(Some(weight)) => (RawWeight::Given(weight), Ok(())),
            Err(error) => (RawWeight::Broken, Err(error)),
        };
        // A stage with a wrong weight is kept, because `run` may name it.
        stages.push(RawStage { name, weight });
        read
    });
    stages
}

fn read_name(input: ParseStream<'_>) -> syn::Result<RawName> {
    if input.peek(LitStr) {
        return input.parse().map(RawName::Label);
    }
    if !input.peek(Ident::peek_any) {
        let found = take_item(input);
        let help = "help: write a label, such as `\"Load\"`, or a variant, such as `Load`";
        return Err(if found.is_empty() {
            input.error(format!("expected a stage, found `,`\n{help}"))
        } else {
            let message = format!("expected a stage, found `{found}`\n{help}");
            syn::Error::new_spanned(found, message)
        });
    }
    let variant = input.call(Ident::parse_any)?;
    if input.peek(Token![=]) && input.peek2(LitStr) {
        input.parse::<Token![=]>()?;
        return Ok(RawName::Both { variant, label: input.parse()? });
    }
    Ok(RawName::Variant(variant))
}

fn read_weight(input: ParseStream<'_>, name: &RawName) -> syn::Result<Option<Whole>> {
    let Some(assigned) = input.parse::<Option<Token![=]>>()? else { return Ok(None) };
    let found = take_item(input);
    if found.is_empty() {
        return Err(syn::Error::new_spanned(assigned, expected(name, "nothing")));
    }
    syn::parse2(found.clone()).map(Some).map_err(|_| {
        let quoted = format!("`{found}`");
        syn::Error::new_spanned(found, expected(name, &quoted))
    })
}

fn expected(name: &RawName, found: &str) -> String {
    match name {
        RawName::Label(label) => format!(
            "the weight of a stage must be a whole number of 1 or more, found {found}\n\
             help: write `\"{label}\" = 8`, or `Variant = \"{label}\"` to name the variant",
            label = label.value(),
        ),
        RawName::Variant(variant) => format!(
            "expected the label or the weight of the stage `{variant}`, found {found}\n\
             help: write `{variant} = \"Label\"`, `{variant} = 8` or `{variant} = \"Label\" = 8`",
        ),
        RawName::Both { variant, label } => format!(
            "the weight of a stage must be a whole number of 1 or more, found {found}\n\
             help: write `{variant} = \"{}\" = 8`",
            label.value(),
        ),
    }
}
