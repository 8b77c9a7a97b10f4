//! `impl FormField` for an enum.

use proc_macro2::TokenStream;
use quote::quote;

use super::{form, in_const, krate};
use crate::model::choices::Choices;

pub(crate) fn expand(choices: &Choices) -> TokenStream {
    let krate = krate(choices.krate.as_ref());
    let ident = &choices.ident;
    let choices = form::choices(&choices.choices, &krate);
    in_const(&quote! {
        #[automatically_derived]
        impl #krate::form::FormField for #ident {
            const FIELD: #krate::form::FieldType =
                #krate::form::FieldType::select(&[#(#choices),*]);
        }
    })
}
