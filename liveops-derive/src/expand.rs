//! Writes the code of a checked operation. Cannot fail, and checks nothing.
//!
//! The code has to compile in scopes where any name but `::core` and the crate's own path means
//! something else, so it calls no macro and no method, and imports nothing.

pub(crate) mod choices;
mod claim;
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

/// All that is generated for an operation.
pub(crate) fn expand(model: &Model) -> TokenStream {
    let operation = expand_operation(model);
    let claim = claim::expand(model);
    quote!(#operation #claim)
}

/// The stages and the implementations, without the claim to the op type.
pub(crate) fn expand_operation(model: &Model) -> TokenStream {
    expand_with(model, &operation::bounds_of_generic(model))
}

/// The same with other bounds on the operation itself.
pub(crate) fn expand_with(model: &Model, bounds: &[WherePredicate]) -> TokenStream {
    join(model, operation::expand(model, bounds, &krate(model.krate())))
}

/// The stages, without the operation.
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

/// Where liveops is: `::liveops` unless the user says otherwise.
pub(crate) fn krate(given: Option<&Path>) -> TokenStream {
    given.map_or_else(|| quote!(::liveops), ToTokens::to_token_stream)
}

/// A name where it is not declared, without the place where it was typed: an editor shows what it
/// finds for that place, and shall find the declaration alone.
fn mention(declared: &Ident) -> Ident {
    let mut mention = declared.clone();
    mention.set_span(Span::call_site().resolved_at(declared.span()));
    mention
}

/// Keeps the implementations out of the reader's way, and quiet: the operation may be
/// `#[deprecated]`, and `cfg(rust_analyzer)` is known to nobody else.
fn in_const(implementations: &TokenStream) -> TokenStream {
    quote! {
        #[allow(deprecated, unexpected_cfgs)]
        const _: () = {
            #implementations
        };
    }
}
