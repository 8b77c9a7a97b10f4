//! The derive macros of liveops.
//!
//! Tokens become a raw `ast::Input`, which becomes a checked `model::Model`, which becomes tokens. Only the
//! first two steps can fail.

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
use quote::quote;
use syn::DeriveInput;

use crate::{
    ast::Input,
    errors::Errors,
    model::{Model, choices::Choices, earlier::EarlierInput},
};

#[doc = include_str!("docs/live_operation.md")]
#[proc_macro_derive(LiveOperation, attributes(stages, liveop, field))]
pub fn derive_live_operation(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let package = std::env::var("CARGO_PKG_NAME").ok();
    derive(item.into(), package.as_deref()).into()
}

#[doc = include_str!("docs/form_field.md")]
#[proc_macro_derive(FormField, attributes(field))]
pub fn derive_form_field(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive_choices(item.into()).into()
}

#[doc = include_str!("docs/earlier_input.md")]
#[proc_macro_derive(EarlierInput, attributes(liveop))]
pub fn derive_earlier_input(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive_earlier(item.into()).into()
}

/// Expands the derive for the type of an earlier input.
fn derive_earlier(item: TokenStream) -> TokenStream {
    derive_checked(item, EarlierInput::check, expand::earlier::expand)
}

/// Expands the derive for an enum that is the type of a field.
fn derive_choices(item: TokenStream) -> TokenStream {
    derive_checked(item, Choices::check, expand::choices::expand)
}

/// Expands a derive whose code can be generated for an item with errors too.
fn derive_checked<M>(
    item: TokenStream,
    check: impl FnOnce(DeriveInput, &mut Errors) -> M,
    expand: impl FnOnce(&M) -> TokenStream,
) -> TokenStream {
    let item: DeriveInput = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Errors::new();
    let code = expand(&check(item, &mut errors));
    match errors.check() {
        Ok(()) => code,
        Err(error) => {
            // The code is kept next to the errors, so that uses of the type cause no further errors.
            let error = error.into_compile_error();
            quote!(#code #error)
        }
    }
}

/// Expands the derive for an item of the package `package`.
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
