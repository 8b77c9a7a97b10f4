//! The code that is generated next to the errors and prevents further errors.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{WherePredicate, parse_quote};

use crate::{
    expand,
    model::{Model, Rejected, Trust},
};

/// Expands the errors and everything that could be understood, so that code that names the operation or its
/// stages compiles.
pub(crate) fn expand(rejected: &Rejected) -> TokenStream {
    let Rejected { error, stand_in, trust } = rejected;
    let error = error.to_compile_error();
    let rest = match trust {
        // The op type may be wrong, so the code does not claim it.
        Trust::Full => expand::expand_operation(stand_in),
        Trust::Doubtful => expand::expand_with(stand_in, &[assumed_bound(stand_in)]),
        // An implementation for a type that borrows causes more errors than none: with `Run`, eleven instead
        // of three.
        Trust::Hopeless => expand::expand_stages(stand_in),
    };
    // For the enum of the stages, the first item.
    let odd = stand_in.stages().iter().any(|stage| !stage.is_camel());
    let allow = odd.then(
        || quote!(#[allow(nonstandard_style, reason = "the error below names the wrong stages")]),
    );
    // The errors come last, because a completion of an editor must not move with a message.
    quote! {
        #allow
        #rest
        #error
    }
}

/// Returns a bound that makes the compiler accept the item as an operation. Without `for<'__any>`, the
/// compiler would check the bound: rust-lang/rust#48214.
fn assumed_bound(stand_in: &Model) -> WherePredicate {
    let krate = expand::krate(stand_in.krate());
    parse_quote! {
        for<'__any> Self: #krate::Storable + ::core::marker::Sync
    }
}
