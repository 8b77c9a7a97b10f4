//! The enum of the stages.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::model::{Model, Stage};

/// The enum itself. Stands beside the operation, where everybody finds it.
pub(super) fn declare(model: &Model) -> TokenStream {
    let visibility = model.visibility();
    let ident = model.stage_ident();
    let doc = format!(" The stages of [`{}`], in order.", model.ident());
    let count = model.stages().len();
    let variants = model.stages().iter().zip(1..).map(|(stage, place)| {
        let variant = stage.variant();
        let doc = doc_of_variant(stage, place, count);
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
            ::core::hash::Hash,
            ::core::fmt::Debug,
        )]
        #visibility enum #ident {
            #(#variants)*
        }
    }
}

fn doc_of_variant(stage: &Stage, place: usize, count: usize) -> String {
    // A backtick would end the code it stands in.
    let label = stage.label().replace('`', "'");
    let weight = stage.weight().map(|weight| format!(", weight {weight}")).unwrap_or_default();
    format!(" `{label}`, stage {place} of {count}{weight}.")
}

/// Everything the enum implements.
pub(super) fn implement(model: &Model, krate: &TokenStream) -> [TokenStream; 5] {
    [
        inherent(model, krate),
        stage(model, krate),
        display(model, krate),
        from_str(model, krate),
        serialize(model, krate),
    ]
}

/// What can be used without the trait, and in constants.
fn inherent(model: &Model, krate: &TokenStream) -> TokenStream {
    let visibility = model.visibility();
    let ident = model.stage_ident();
    quote! {
        impl #ident {
            /// Every stage, in order.
            #visibility const ALL: &'static [Self] = <Self as #krate::Stage>::ALL;

            /// How many stages there are.
            #visibility const COUNT: ::core::primitive::usize = <Self as #krate::Stage>::COUNT;

            /// The position of the stage, from 0.
            #[must_use]
            #visibility const fn index(self) -> ::core::primitive::usize {
                self as ::core::primitive::usize
            }

            /// The label people see.
            #[must_use]
            #visibility const fn name(self) -> &'static ::core::primitive::str {
                <Self as #krate::Stage>::NAMES[self as ::core::primitive::usize]
            }
        }
    }
}

fn stage(model: &Model, krate: &TokenStream) -> TokenStream {
    let ident = model.stage_ident();
    let variants = model.stages().iter().map(mention);
    let labels = model.stages().iter().map(Stage::label);
    let weights = model.stages().iter().map(|stage| stage.weight().unwrap_or(1));
    quote! {
        #[automatically_derived]
        impl #krate::Stage for #ident {
            const ALL: &'static [Self] = &[#(Self::#variants),*];
            const NAMES: &'static [&'static ::core::primitive::str] = &[#(#labels),*];
            const WEIGHTS: &'static [::core::primitive::u32] = &[#(#weights),*];

            fn index(self) -> ::core::primitive::usize {
                self as ::core::primitive::usize
            }
        }
    }
}

/// The variant where it is not declared, without the place where it was typed: an editor shows what
/// it finds for that place, and shall find the declaration alone.
fn mention(stage: &Stage) -> Ident {
    let variant = stage.variant();
    let mut mention = variant.clone();
    mention.set_span(Span::call_site().resolved_at(variant.span()));
    mention
}

fn display(model: &Model, krate: &TokenStream) -> TokenStream {
    let ident = model.stage_ident();
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Display for #ident {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Formatter::pad(formatter, <Self as #krate::Stage>::name(*self))
            }
        }
    }
}

fn from_str(model: &Model, krate: &TokenStream) -> TokenStream {
    let ident = model.stage_ident();
    let arms = model.stages().iter().map(|stage| {
        let (variant, label) = (mention(stage), stage.label());
        quote!(#label => ::core::result::Result::Ok(Self::#variant),)
    });
    quote! {
        #[automatically_derived]
        impl ::core::str::FromStr for #ident {
            type Err = #krate::ParseStageError;

            fn from_str(
                label: &::core::primitive::str,
            ) -> ::core::result::Result<Self, #krate::ParseStageError> {
                match label {
                    #(#arms)*
                    _ => ::core::result::Result::Err(#krate::ParseStageError::new(
                        label,
                        <Self as #krate::Stage>::NAMES,
                    )),
                }
            }
        }
    }
}

/// A stage is its label wherever it is stored or sent.
fn serialize(model: &Model, krate: &TokenStream) -> TokenStream {
    let ident = model.stage_ident();
    quote! {
        #[automatically_derived]
        impl #krate::__private::serde::Serialize for #ident {
            fn serialize<__S>(
                &self,
                serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error>
            where
                __S: #krate::__private::serde::Serializer,
            {
                #krate::__private::serde::Serializer::serialize_str(
                    serializer,
                    <Self as #krate::Stage>::name(*self),
                )
            }
        }
    }
}
