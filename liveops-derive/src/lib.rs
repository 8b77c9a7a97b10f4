//! The derive macro of liveops.

use proc_macro::TokenStream;

/// Implements `liveops::LiveOperation`.
#[proc_macro_derive(LiveOperation, attributes(stages, liveop))]
pub fn derive_live_operation(_: TokenStream) -> TokenStream {
    TokenStream::new()
}
