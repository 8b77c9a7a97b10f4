//! `LiveOperation::describe`, if the key is given.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{WherePredicate, parse_quote};

use crate::model::{Describe, Model, Part};

pub(super) fn expand(model: &Model, krate: &TokenStream) -> Option<TokenStream> {
    let description = match model.describe()? {
        Describe::Parts(parts) => {
            let parts = parts.iter().map(|part| self::part(part, krate));
            quote!(#krate::__private::described(&[#(#parts),*]))
        }
        Describe::By(function) => {
            quote!(#krate::__private::described_by(#function, self))
        }
    };
    Some(quote! {
        fn describe(&self) -> ::core::option::Option<#krate::__private::String> {
            #description
        }
    })
}

/// Returns the bounds on the parameters of a generic operation.
pub(super) fn bounds(model: &Model) -> Vec<WherePredicate> {
    let Some(Describe::Parts(parts)) = model.describe() else { return Vec::new() };
    let params = parts.iter().flat_map(|part| match part {
        Part::Text(_) => &[][..],
        Part::Field { params, .. } => params,
    });
    params.map(|param| parse_quote!(#param: ::core::fmt::Display)).collect()
}

fn part(part: &Part, krate: &TokenStream) -> TokenStream {
    match part {
        Part::Text(text) => quote!(#krate::__private::described_text(#text)),
        // The compiler reports a type that does not fit at the type of the field.
        Part::Field { member, ty, .. } => {
            quote!(#krate::__private::described_field::<#ty, _>(&self.#member))
        }
    }
}
