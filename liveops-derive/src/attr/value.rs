//! What the value of a key can be.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Ident, LitInt, LitStr, Path, Token, Type,
    parse::{Parse, ParseStream},
};

/// A kind of value.
pub(super) trait Value: Parse {
    const WHAT: &'static str;

    /// What to write instead of `found`.
    fn instead(found: &TokenStream) -> String;
}

/// A whole number as it was typed, with its sign.
pub(crate) struct Whole {
    minus: Option<Token![-]>,
    digits: LitInt,
}

/// A length of time as it was typed: `"90 s"`.
pub(crate) struct Duration(pub(crate) LitStr);

/// What makes operations the same, as it was typed.
pub(crate) enum RawUnique {
    /// `"input"`
    Word(LitStr),
    /// `by_file`
    Function(Path),
}

impl Value for LitStr {
    const WHAT: &'static str = "a string literal";

    fn instead(found: &TokenStream) -> String {
        match syn::parse2::<Ident>(found.clone()) {
            Ok(bare) => format!("\"{bare}\""),
            Err(_) => "\"…\"".to_owned(),
        }
    }
}

impl Value for Whole {
    const WHAT: &'static str = "a whole number";

    fn instead(found: &TokenStream) -> String {
        unquoted::<Self>(found, "1")
    }
}

impl Whole {
    /// The number, where it is one of type `T`.
    pub(crate) fn parse<T: FromStr>(&self) -> Option<T> {
        self.to_string().parse().ok().filter(|_| self.digits.suffix().is_empty())
    }
}

impl Parse for Whole {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self { minus: input.parse()?, digits: input.parse()? })
    }
}

impl ToTokens for Whole {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.minus.to_tokens(tokens);
        self.digits.to_tokens(tokens);
    }
}

impl Display for Whole {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = if self.minus.is_some() { "-" } else { "" };
        write!(f, "{sign}{}{}", self.digits.base10_digits(), self.digits.suffix())
    }
}

impl Value for Duration {
    const WHAT: &'static str = "a length of time in quotes";

    fn instead(found: &TokenStream) -> String {
        match syn::parse2::<LitInt>(found.clone()) {
            Ok(number) => format!("\"{number} s\""),
            Err(_) => "\"30 s\"".to_owned(),
        }
    }
}

impl Parse for Duration {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.parse().map(Self)
    }
}

impl Value for Type {
    const WHAT: &'static str = "a type";

    fn instead(found: &TokenStream) -> String {
        unquoted::<Self>(found, "AppState")
    }
}

impl Value for Path {
    const WHAT: &'static str = "a path";

    fn instead(found: &TokenStream) -> String {
        unquoted::<Self>(found, "my_app::liveops")
    }
}

impl Value for RawUnique {
    const WHAT: &'static str = "a string literal or the path of a function";

    fn instead(_: &TokenStream) -> String {
        "\"input\"".to_owned()
    }
}

impl Parse for RawUnique {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            input.parse().map(Self::Word)
        } else {
            input.call(Path::parse_mod_style).map(Self::Function)
        }
    }
}

impl ToTokens for RawUnique {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Word(word) => word.to_tokens(tokens),
            Self::Function(function) => function.to_tokens(tokens),
        }
    }
}

/// Other derives take types, paths and numbers in quotes; this one does not.
fn unquoted<T: Parse>(found: &TokenStream, example: &str) -> String {
    syn::parse2::<LitStr>(found.clone())
        .ok()
        .filter(|quoted| quoted.parse::<T>().is_ok())
        .map_or_else(|| example.to_owned(), |quoted| quoted.value())
}
