//! Generates the code of a checked operation. Cannot fail, and checks nothing.
//!
//! The code must compile in scopes where every name except `::core` and the path of the crate has another
//! meaning, so the code calls no macro and no method, and imports nothing.

pub(crate) mod choices;
mod claim;
mod describe;
pub(crate) mod earlier;
mod editor;
mod form;
mod operation;
mod policy;
mod stages;
mod tokens;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Path, WherePredicate};

use crate::model::Model;

/// Expands everything for an operation.
pub(crate) fn expand(model: &Model) -> TokenStream {
    let operation = expand_operation(model);
    let claim = claim::expand(model);
    quote!(#operation #claim)
}

/// Expands the stages and the implementations, without the claim of the op type.
pub(crate) fn expand_operation(model: &Model) -> TokenStream {
    expand_with(model, &operation::bounds_of_generic(model))
}

/// Expands the stages and the implementations with other bounds on the operation.
pub(crate) fn expand_with(model: &Model, bounds: &[WherePredicate]) -> TokenStream {
    join(model, operation::expand(model, bounds, &krate(model.krate())))
}

/// Expands only the stages.
pub(crate) fn expand_stages(model: &Model) -> TokenStream {
    join(model, TokenStream::new())
}

fn join(model: &Model, operation: TokenStream) -> TokenStream {
    let krate = krate(model.krate());
    let editor = editor::expand(model, &krate);
    if model.stages().is_empty() {
        return in_const(&quote!(#editor #operation));
    }
    let stages = stages::declare(model);
    let tokens = tokens::declare(model, &krate);
    let implementations = stages::implement(model, &krate);
    let implementations = in_const(&quote!(#editor #(#implementations)* #operation));
    quote! {
        #stages
        #tokens
        #implementations
    }
}

/// Returns the path of liveops, `::liveops` by default.
pub(crate) fn krate(given: Option<&Path>) -> TokenStream {
    given.map_or_else(|| quote!(::liveops), ToTokens::to_token_stream)
}

/// Returns a mention of a declared name, without the source location. An editor lists everything at a source
/// location and should list only the declaration.
fn mention(declared: &Ident) -> Ident {
    let mut mention = declared.clone();
    mention.set_span(Span::call_site().resolved_at(declared.span()));
    mention
}

/// Wraps the implementations in an anonymous constant and silences lints: with `allow`, because `expect` would
/// warn about every operation that needs no exception.
fn in_const(implementations: &TokenStream) -> TokenStream {
    quote! {
        #[allow(
            deprecated,
            unexpected_cfgs,
            reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
        )]
        const _: () = {
            #implementations
        };
    }
}
