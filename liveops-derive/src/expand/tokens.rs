//! The struct of the tokens of the stages.

use proc_macro2::TokenStream;
use quote::quote;

use super::mention;
use crate::model::Model;

/// Declares the struct, next to the operation, where `run` destructures it.
pub(super) fn declare(model: &Model, krate: &TokenStream) -> TokenStream {
    let visibility = model.visibility();
    let ident = model.tokens_ident();
    let stage_ident = model.stage_ident();
    let doc = format!(" The tokens to enter each stage of [`{}`] once.", model.ident());
    let fields = model.stages().iter().map(|stage| {
        let field = stage.field();
        let doc = format!(" The token to enter [`{stage_ident}::{}`].", stage.variant());
        quote! {
            #[doc = #doc]
            #visibility #field: #krate::StageToken<#stage_ident>,
        }
    });
    quote! {
        #[doc = #doc]
        #visibility struct #ident {
            #(#fields)*
        }
    }
}

/// Expands `Stage::tokens` and its type.
pub(super) fn implement(model: &Model, krate: &TokenStream) -> TokenStream {
    let ident = model.tokens_ident();
    let fields = model.stages().iter().map(|stage| mention(stage.field()));
    let variants = model.stages().iter().map(|stage| mention(stage.variant()));
    quote! {
        type Tokens = #ident;

        #[inline]
        fn tokens() -> #ident {
            #ident {
                #(#fields: #krate::StageToken::new(Self::#variants),)*
            }
        }
    }
}
