//! The derive macro of liveops.
//!
//! Tokens become a raw `ast::Input`, which becomes a checked `model::Model`, which becomes
//! tokens; only the first two steps can fail.

mod ast;
mod attr;
mod errors;
mod expand;
mod fallback;
mod model;
mod naming;
mod suggest;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::{ast::Input, errors::Errors, model::Model};

#[doc = include_str!("docs/live_operation.md")]
#[proc_macro_derive(LiveOperation, attributes(stages, liveop))]
pub fn derive_live_operation(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let package = std::env::var("CARGO_PKG_NAME").ok();
    derive(item.into(), package.as_deref()).into()
}

/// The derive for an item of the package `package`.
fn derive(item: TokenStream, package: Option<&str>) -> TokenStream {
    let item: DeriveInput = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Errors::new();
    let input = Input::read(item, &mut errors);
    match Model::new(input, package, errors) {
        Ok(model) => expand::expand(&model),
        Err(rejected) => fallback::expand(&rejected),
    }
}
