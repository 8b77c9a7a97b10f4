//! The enum of the stages.

use proc_macro2::TokenStream;
use quote::quote;

use super::{mention, tokens};
use crate::model::{Model, Stage};

/// Declares the enum, next to the operation.
pub(super) fn declare(model: &Model) -> TokenStream {
    let visibility = model.visibility();
    let ident = model.stage_ident();
    let doc = format!(" The stages of [`{}`], in order.", model.ident());
    let count = model.stages().len();
    let variants = model.stages().iter().zip(1..).map(|(stage, position)| {
        let variant = stage.variant();
        let doc = doc_of_variant(stage, position, count);
        quote! {
            #[doc = #doc]
            #variant,
        }
    });
    quote! {
        #[doc = #doc]
        #[derive(
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::cmp::PartialEq,
            ::core::cmp::Eq,
            ::core::fmt::Debug,
        )]
        #visibility enum #ident {
            #(#variants)*
        }
    }
}

fn doc_of_variant(stage: &Stage, position: usize, count: usize) -> String {
    // A backtick would end the code span.
    let label = stage.label().replace('`', "'");
    let weight = stage.weight().map(|weight| format!(", weight {weight}")).unwrap_or_default();
    format!(" `{label}`, stage {position} of {count}{weight}.")
}

/// Expands everything that the enum implements. `#[inline]` functions are compiled in the crates that use
/// them, and not at all if unused.
pub(super) fn implement(model: &Model, krate: &TokenStream) -> [TokenStream; 5] {
    [
        inherent(model),
        stage(model, krate),
        display(model, krate),
        from_str(model, krate),
        serialize(model, krate),
    ]
}

/// Expands the position of a stage as a `const fn`, which a trait cannot provide.
fn inherent(model: &Model) -> TokenStream {
    let visibility = model.visibility();
    let ident = model.stage_ident();
    quote! {
        impl #ident {
            /// The position of the stage, from 0.
            #[must_use]
            #[inline]
            #visibility const fn index(self) -> ::core::primitive::usize {
                self as ::core::primitive::usize
            }
        }
    }
}

fn stage(model: &Model, krate: &TokenStream) -> TokenStream {
    let ident = model.stage_ident();
    let variants = model.stages().iter().map(|stage| mention(stage.variant()));
    let labels = model.stages().iter().map(Stage::label);
    let weights: Vec<u32> = model.stages().iter().filter_map(Stage::weight).collect();
    let weights = (!weights.is_empty()).then(|| {
        quote! {
            const WEIGHTS: &'static [::core::primitive::u32] = &[#(#weights),*];
        }
    });
    let tokens = tokens::implement(model, krate);
    quote! {
        #[automatically_derived]
        impl #krate::Stage for #ident {
            const ALL: &'static [Self] = &[#(Self::#variants),*];
            const NAMES: &'static [&'static ::core::primitive::str] = &[#(#labels),*];
            #weights

            #tokens
        }
    }
}

fn display(model: &Model, krate: &TokenStream) -> TokenStream {
    let ident = model.stage_ident();
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Display for #ident {
            #[inline]
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Formatter::pad(formatter, #krate::Stage::name(*self))
            }
        }
    }
}

fn from_str(model: &Model, krate: &TokenStream) -> TokenStream {
    let ident = model.stage_ident();
    quote! {
        #[automatically_derived]
        impl ::core::str::FromStr for #ident {
            type Err = #krate::ParseError;

            #[inline]
            fn from_str(
                name: &::core::primitive::str,
            ) -> ::core::result::Result<Self, #krate::ParseError> {
                #krate::Stage::from_name(name)
            }
        }
    }
}

/// Expands `Serialize`, which writes the label.
fn serialize(model: &Model, krate: &TokenStream) -> TokenStream {
    let ident = model.stage_ident();
    quote! {
        #[automatically_derived]
        impl #krate::__private::serde::Serialize for #ident {
            fn serialize<__S: #krate::__private::serde::Serializer>(
                &self,
                serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #krate::__private::serde::Serializer::serialize_str(serializer, #krate::Stage::name(*self))
            }
        }
    }
}
