//! The claim of an op type, which makes two operations with one op type conflict.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::model::Model;

/// Expands a macro that a crate can define only once. Exported macros are all at the root of their crate,
/// independent of the module that defines them. No other item that a derive can generate has this property.
///
/// Names are in lower case, so `DOT` cannot be part of a name.
pub(super) fn expand(model: &Model) -> TokenStream {
    let name = format!("op_type_{}_DOT_{}", model.app(), model.name());
    let name = Ident::new(&name, Span::call_site());
    quote! {
        #[doc(hidden)]
        #[allow(
            non_local_definitions,
            reason = "the macro leaves a function that defines the operation, on purpose"
        )]
        #[macro_export]
        macro_rules! #name {
            () => {};
        }
    }
}
