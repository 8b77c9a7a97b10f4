//! What is generated beside the errors, so that they stay the only ones.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse_quote;

use crate::{expand, model::Rejected};

/// The errors, and everything that could be understood, as if nothing were wrong: code that names
/// the operation or its stages gives no errors of its own.
pub(crate) fn expand(rejected: &Rejected) -> TokenStream {
    let Rejected { error, stand_in, has_wrong_shape } = rejected;
    let error = error.to_compile_error();
    let rest = if *has_wrong_shape {
        // An item of the wrong shape may well be unable to implement what is asked of operations.
        // `for<'__any>` makes the compiler believe it: rust-lang/rust#48214.
        let krate = expand::krate(stand_in);
        let bound = parse_quote! {
            for<'__any> Self: #krate::__private::serde::Serialize
                + #krate::__private::serde::de::DeserializeOwned
                + ::core::marker::Send
                + ::core::marker::Sync
                + 'static
        };
        expand::expand_with(stand_in, &[bound])
    } else {
        expand::expand(stand_in)
    };
    quote! {
        #error
        #rest
    }
}
