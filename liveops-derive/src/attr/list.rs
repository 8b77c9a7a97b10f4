//! A list with commas in which every item is read, even after an item with an error.

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Ident, LitStr, MetaList, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

use crate::errors::Errors;

/// Reads `list` with `item`. After an error, continues behind the next comma.
pub(super) fn read_each(
    list: &MetaList,
    errors: &mut Errors,
    mut item: impl FnMut(ParseStream<'_>) -> syn::Result<()>,
) {
    let read = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = item(input) {
                errors.push(error);
                take_item(input);
            }
            end_item(input, errors);
        }
        Ok(())
    };
    if let Err(error) = read.parse2(list.tokens.clone()) {
        errors.push(error);
    }
}

/// Reads the comma after an item, or adds an error about the missing comma.
fn end_item(input: ParseStream<'_>, errors: &mut Errors) {
    if input.parse::<Option<Token![,]>>().is_ok_and(|comma| comma.is_some()) || input.is_empty() {
        return;
    }
    if starts_item(input) {
        // The next item is read normally, so only the missing comma is an error.
        errors.push(input.error("expected `,` before this"));
    } else {
        let rest = take_item(input);
        errors.at(&rest, format!("expected `,`, found `{rest}`"));
        end_item(input, errors);
    }
}

fn starts_item(input: ParseStream<'_>) -> bool {
    input.peek(Ident::peek_any) || input.peek(LitStr)
}

/// Takes the rest of an item: everything before the next comma.
pub(super) fn take_item(input: ParseStream<'_>) -> TokenStream {
    let mut taken = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        match input.parse::<TokenTree>() {
            Ok(token) => taken.extend([token]),
            Err(_) => break,
        }
    }
    taken
}
