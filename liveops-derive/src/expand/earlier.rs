//! `impl EarlierInput`, and `EARLIER` of an operation and of an earlier input.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{WherePredicate, parse_quote};

use super::{
    editor,
    form::{located, relocated},
    in_const, krate,
};
use crate::model::{Before, Version, earlier::EarlierInput};

/// Expands the derive. A version that is missing or wrong is 1, next to the error.
pub(crate) fn expand(input: &EarlierInput) -> TokenStream {
    let krate = krate(input.krate.as_ref());
    let editor = editor::imports(input.typed_keys.as_deref(), &quote!(#krate::operation));
    let version = input.version.as_ref();
    let number = version.map_or(1, |Version { number, .. }| *number);
    let before = version.and_then(|version| version.before.as_ref());
    let mut generics = input.generics.clone();
    if !generics.params.is_empty() {
        let predicates = &mut generics.make_where_clause().predicates;
        predicates.push(parse_quote!(Self: #krate::__private::serde::de::DeserializeOwned));
        predicates.extend(before.into_iter().flat_map(|before| bounds(before, &krate)));
    }
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let ident = &input.ident;
    let earlier = before.map(|before| constant(before, number, &krate));
    in_const(&quote! {
        #editor
        #[automatically_derived]
        impl #impl_generics #krate::EarlierInput for #ident #type_generics #where_clause {
            const VERSION: u32 = #number;
            #earlier
        }
    })
}

/// Expands the constant of a type whose version is `version`. The compiler evaluates the inner constant also if nothing
/// uses the outer one, and shows an earlier type that does not fit at the type.
pub(super) fn constant(before: &Before, version: u32, krate: &TokenStream) -> TokenStream {
    let Before { ty, has_gap } = before;
    let span = located(ty);
    let function = Ident::new("before", span);
    let here = relocated(krate, span);
    let call =
        quote_spanned!(span=> #here::__private::Earlier::#function::<#ty>(#version, #has_gap));
    quote! {
        const EARLIER: ::core::option::Option<#krate::__private::Earlier<Self>> =
            ::core::option::Option::Some(const { #call });
    }
}

/// Returns the bounds of a generic type that has an earlier version.
pub(super) fn bounds(before: &Before, krate: &TokenStream) -> [WherePredicate; 2] {
    let ty = &before.ty;
    [parse_quote!(Self: ::core::convert::From<#ty>), parse_quote!(#ty: #krate::EarlierInput)]
}
