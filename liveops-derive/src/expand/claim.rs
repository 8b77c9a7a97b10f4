//! What makes two operations of one op type clash.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::model::Model;

/// A macro of which a crate can have only one. Exported macros all stand at the root of their
/// crate, whatever module they are written in, and nothing else does that an expansion can write.
///
/// Names are lower-case, so `DOT` is part of none. The lint is about operations inside of functions,
/// out of which the macro reaches on purpose.
pub(super) fn expand(model: &Model) -> TokenStream {
    let name = format!("op_type_{}_DOT_{}", model.app(), model.name());
    let name = Ident::new(&name, Span::call_site());
    quote! {
        #[doc(hidden)]
        #[allow(non_local_definitions)]
        #[macro_export]
        macro_rules! #name {
            () => {};
        }
    }
}
