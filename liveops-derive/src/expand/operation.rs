//! `impl LiveOperation`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{WherePredicate, parse_quote};

use super::krate;
use crate::model::Model;

pub(super) fn expand(model: &Model, bounds: &[WherePredicate], krate: &TokenStream) -> TokenStream {
    let ident = model.ident();
    let mut generics = model.generics().clone();
    if !bounds.is_empty() {
        generics.make_where_clause().predicates.extend(bounds.iter().cloned());
    }
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();

    let stage = stage_type(model, krate);
    let state = model.state().map_or_else(|| quote!(#krate::NoState), ToTokens::to_token_stream);
    let consts = consts(model);
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::LiveOperation for #ident #type_generics #where_clause {
            type Stage = #stage;
            type State = #state;
            #consts
        }
    }
}

fn stage_type(model: &Model, krate: &TokenStream) -> TokenStream {
    if model.stages().is_empty() {
        quote!(#krate::NoStages)
    } else {
        model.stage_ident().into_token_stream()
    }
}

fn consts(model: &Model) -> TokenStream {
    let op_type = model.op_type();
    let consts = [
        (quote!(APP), model.app()),
        (quote!(NAME), model.name()),
        (quote!(OP_TYPE), &op_type),
        (quote!(TITLE), model.title()),
        (quote!(HOST_TEMPLATE), model.host_template()),
        (quote!(RESULT_TEMPLATE), model.result_template()),
        (quote!(RESULT_TEXT_TEMPLATE), model.result_text_template()),
    ];
    consts
        .into_iter()
        .map(|(name, value)| quote!(const #name: &'static ::core::primitive::str = #value;))
        .collect()
}

/// What a generic operation needs beside its own bounds: that it can be stored and sent. Said of
/// the whole type, as serde's derives decide by themselves what that asks of the parameters.
pub(super) fn bounds_of_generic(model: &Model) -> Vec<WherePredicate> {
    if model.generics().params.is_empty() {
        return Vec::new();
    }
    let krate = krate(model.krate());
    vec![parse_quote! {
        Self: #krate::__private::serde::Serialize
            + #krate::__private::serde::de::DeserializeOwned
            + ::core::marker::Send
            + ::core::marker::Sync
            + 'static
    }]
}
