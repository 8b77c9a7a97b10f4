//! Writes the code of a checked operation. Cannot fail, and checks nothing.
//!
//! The code has to compile in scopes where any name but `::core` and the crate's own path means
//! something else, so it calls no macro and no method, and imports nothing.

mod operation;
mod stages;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Path, WherePredicate};

use crate::model::Model;

/// The enum of the stages, and all implementations.
pub(crate) fn expand(model: &Model) -> TokenStream {
    expand_with(model, &operation::bounds_of_generic(model))
}

/// The same with other bounds on the operation itself.
pub(crate) fn expand_with(model: &Model, bounds: &[WherePredicate]) -> TokenStream {
    join(model, operation::expand(model, bounds, &krate(model.krate())))
}

/// The enum of the stages, without the operation.
pub(crate) fn expand_stages(model: &Model) -> TokenStream {
    join(model, TokenStream::new())
}

fn join(model: &Model, operation: TokenStream) -> TokenStream {
    if model.stages().is_empty() {
        return in_const(&operation);
    }
    let declaration = stages::declare(model);
    let mut implementations: TokenStream =
        stages::implement(model, &krate(model.krate())).into_iter().collect();
    implementations.extend(operation);
    let implementations = in_const(&implementations);
    quote! {
        #declaration
        #implementations
    }
}

/// Where liveops is: `::liveops` unless the user says otherwise.
pub(crate) fn krate(given: Option<&Path>) -> TokenStream {
    given.map_or_else(|| quote!(::liveops), ToTokens::to_token_stream)
}

/// Keeps the implementations out of the reader's way, and a `#[deprecated]` operation quiet.
fn in_const(implementations: &TokenStream) -> TokenStream {
    quote! {
        #[allow(deprecated)]
        const _: () = {
            #implementations
        };
    }
}
