//! What rust-analyzer needs to complete the keys of `#[liveop(…)]` and `#[field(…)]` and to show what
//! they mean.
//!
//! It looks in the expansion for what was typed, and answers for what it finds there. So each key
//! imports the module of its name from `liveops::operation::keys`, or from `liveops::form::keys`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Ident;

use crate::model::Model;

/// Has to stand before everything that depends on the spelling of a key, messages above all: while
/// a key is typed, rust-analyzer compares two expansions by what stands before it.
pub(super) fn expand(model: &Model, krate: &TokenStream) -> TokenStream {
    let operation = imports(model.typed_keys(), &quote!(#krate::operation));
    let fields = model.form().and_then(|form| form.typed_keys.as_deref());
    let fields = imports(fields, &quote!(#krate::form));
    quote!(#operation #fields)
}

fn imports(typed: Option<&[Ident]>, module: &TokenStream) -> TokenStream {
    let Some(typed) = typed else { return TokenStream::new() };
    let typed = typed.iter().filter_map(importable);
    // The empty import holds the place of the key that is not there yet. Each has a path of its own,
    // or `self` would be offered as a key.
    quote! {
        #[cfg(rust_analyzer)]
        use #module::{#(keys::#typed,)* keys::{}};
    }
}

/// No keyword is the name of a module, not even in code that is never compiled.
fn importable(key: &Ident) -> Option<Ident> {
    if key == "crate" {
        return Some(Ident::new("krate", key.span()));
    }
    syn::parse2(key.to_token_stream()).ok()
}
