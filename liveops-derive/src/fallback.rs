//! What is generated beside the errors, so that they stay the only ones.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{WherePredicate, parse_quote};

use crate::{
    expand,
    model::{Model, Rejected, Trust},
};

/// The errors, and everything that could be understood, as if nothing were wrong: code that names
/// the operation or its stages gives no errors of its own.
pub(crate) fn expand(rejected: &Rejected) -> TokenStream {
    let Rejected { error, stand_in, trust } = rejected;
    let error = error.to_compile_error();
    let rest = match trust {
        // The op type may be what is wrong.
        Trust::Full => expand::expand_operation(stand_in),
        Trust::Doubtful => expand::expand_with(stand_in, &[believed(stand_in)]),
        // An implementation for a type that borrows breaks more than it mends: with `Run`, eleven
        // errors follow instead of three.
        Trust::Hopeless => expand::expand_stages(stand_in),
    };
    // For the first item, the enum of the stages, whose names may be what is wrong.
    let odd = stand_in.stages().iter().any(|stage| !stage.is_camel());
    let allow = odd.then(|| quote!(#[allow(nonstandard_style)]));
    // The errors come last: what an editor completes must not move with a message.
    quote! {
        #allow
        #rest
        #error
    }
}

/// Makes the compiler believe that the item is all that an operation is; without `for<'__any>` it
/// would look: rust-lang/rust#48214.
fn believed(stand_in: &Model) -> WherePredicate {
    let krate = expand::krate(stand_in.krate());
    parse_quote! {
        for<'__any> Self: #krate::Storable + ::core::marker::Sync
    }
}
