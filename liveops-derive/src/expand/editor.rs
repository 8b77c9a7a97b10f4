//! The code with which rust-analyzer completes the keys of `#[liveop(…)]` and `#[field(…)]` and shows their
//! documentation.
//!
//! rust-analyzer searches the expansion for the typed tokens and answers for their uses. So each key imports
//! the module of its name from `liveops::operation::keys` or `liveops::form::keys`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Ident;

use crate::model::Model;

/// Expands the imports. They must precede everything that depends on the spelling of a key, above all
/// messages: while a key is typed, rust-analyzer compares two expansions by the tokens before the key.
pub(super) fn expand(model: &Model, krate: &TokenStream) -> TokenStream {
    let operation = imports(model.typed_keys(), &quote!(#krate::operation));
    let fields = model.form().and_then(|form| form.typed_keys.as_deref());
    let fields = imports(fields, &quote!(#krate::form));
    quote!(#operation #fields)
}

pub(super) fn imports(typed: Option<&[Ident]>, module: &TokenStream) -> TokenStream {
    let Some(typed) = typed else { return TokenStream::new() };
    let typed = typed.iter().filter_map(importable);
    // The empty import is the position for the next key. Each import has its own path, because otherwise
    // `self` would be offered as a key.
    quote! {
        #[cfg(rust_analyzer)]
        use #module::{#(keys::#typed,)* keys::{}};
    }
}

/// Returns the name of the module, or `None` for a keyword, which cannot be imported even in code that is
/// never compiled.
fn importable(key: &Ident) -> Option<Ident> {
    if key == "crate" {
        return Some(Ident::new("krate", key.span()));
    }
    syn::parse2(key.to_token_stream()).ok()
}
