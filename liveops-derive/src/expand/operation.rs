//! `impl LiveOperation`, and the traits of the form.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{WherePredicate, parse_quote};

use super::{describe, earlier, form, krate, policy};
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
    let names = names(model, krate);
    let policy = policy::expand(model, krate);
    let earlier = model.before().zip(model.policy().version);
    let earlier = earlier.map(|(before, version)| earlier::constant(before, version, krate));
    let public = model.is_public().then(|| {
        quote!(
            const IS_PUBLIC: bool = true;
        )
    });
    let describe = describe::expand(model, krate);
    let form = form::implement(model, &generics, krate);
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::LiveOperation for #ident #type_generics #where_clause {
            type Stage = #stage;
            type State = #state;
            #names
            #policy
            #earlier
            #public
            #describe
        }
        #form
    }
}

fn stage_type(model: &Model, krate: &TokenStream) -> TokenStream {
    if model.stages().is_empty() {
        quote!(#krate::NoStages)
    } else {
        model.stage_ident().into_token_stream()
    }
}

/// Expands all names into one constant. The trait has a constant for each name, and the compiler checks each
/// constant of an implementation separately.
fn names(model: &Model, krate: &TokenStream) -> TokenStream {
    let (app, name, op_type, title) = (model.app(), model.name(), model.op_type(), model.title());
    let (host_template, result_template, result_text_template) =
        (model.host_template(), model.result_template(), model.result_text_template());
    quote! {
        const NAMES: #krate::__private::Names = #krate::__private::Names {
            app: #app,
            name: #name,
            op_type: #op_type,
            title: #title,
            host_template: #host_template,
            result_template: #result_template,
            result_text_template: #result_text_template,
        };
    }
}

/// Returns the bounds of a generic operation in addition to its own: it can be stored and sent. The bound is
/// on the whole type, because serde's derives decide what the type requires of its parameters.
pub(super) fn bounds_of_generic(model: &Model) -> Vec<WherePredicate> {
    if model.generics().params.is_empty() {
        return Vec::new();
    }
    let krate = krate(model.krate());
    let mut bounds = vec![parse_quote! {
        Self: #krate::Storable + ::core::marker::Sync
    }];
    bounds.extend(form::bounds(model, &krate));
    bounds.extend(describe::bounds(model));
    bounds.extend(model.before().into_iter().flat_map(|before| earlier::bounds(before, &krate)));
    bounds
}
