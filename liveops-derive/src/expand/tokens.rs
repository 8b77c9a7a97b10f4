//! The struct of the tokens of the stages.

use proc_macro2::TokenStream;
use quote::quote;

use super::mention;
use crate::model::Model;

/// The struct itself. Stands beside the operation, where `run` takes it apart.
pub(super) fn declare(model: &Model, krate: &TokenStream) -> TokenStream {
    let visibility = model.visibility();
    let ident = model.tokens_ident();
    let stage_ident = model.stage_ident();
    let doc = format!(" The right to enter each stage of [`{}`] once.", model.ident());
    let fields = model.stages().iter().map(|stage| {
        let field = stage.field();
        let doc = format!(" To enter [`{stage_ident}::{}`].", stage.variant());
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

/// `Stage::tokens`, and its type.
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
