//! The values of keys.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Ident, Lit, LitFloat, LitInt, LitStr, Path, Token, Type, bracketed,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

use super::list::take_item;

/// A type of value.
pub(super) trait Value: Parse {
    const WHAT: &'static str;

    /// `true` if the key has no value.
    const IS_FLAG: bool = false;

    /// Returns a suggestion to write instead of `found`.
    fn instead(found: &TokenStream) -> String;
}

/// A whole number as typed, with its sign.
pub(crate) struct Whole {
    minus: Option<Token![-]>,
    digits: LitInt,
}

/// A duration as typed: `"90 s"`.
pub(crate) struct Duration(pub(crate) LitStr);

/// The rule for duplicates as typed.
pub(crate) enum RawUnique {
    /// `"input"`
    Word(LitStr),
    /// `by_file`
    Function(Path),
}

/// The description as typed.
pub(crate) enum RawDescribe {
    /// `"Scores of {file}"`
    Text(LitStr),
    /// `ScoreImport::description`
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
    /// Returns the number if it fits the type `T`.
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
    const WHAT: &'static str = "a duration in quotes";

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

impl Value for RawDescribe {
    const WHAT: &'static str = "a string literal or the path of a function";

    fn instead(_: &TokenStream) -> String {
        "\"Scores of {file}\"".to_owned()
    }
}

impl Parse for RawDescribe {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            input.parse().map(Self::Text)
        } else {
            input.call(Path::parse_mod_style).map(Self::Function)
        }
    }
}

/// A key without a value.
pub(crate) struct Flag;

impl Value for Flag {
    const WHAT: &'static str = "no value";
    const IS_FLAG: bool = true;

    fn instead(_: &TokenStream) -> String {
        String::new()
    }
}

impl Parse for Flag {
    fn parse(_: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self)
    }
}

/// The path of a function.
pub(crate) struct Function(pub(crate) Path);

impl Value for Function {
    const WHAT: &'static str = "the path of a function";

    fn instead(found: &TokenStream) -> String {
        unquoted::<Path>(found, "Self::check")
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Path::parse_mod_style).map(Self)
    }
}

/// An expression that only the compiler interprets.
pub(crate) struct Tokens(pub(crate) TokenStream);

impl Value for Tokens {
    const WHAT: &'static str = "a value";

    fn instead(_: &TokenStream) -> String {
        "…".to_owned()
    }
}

impl Parse for Tokens {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self(take_item(input)))
    }
}

/// A number as typed, with its sign.
pub(crate) struct Decimal {
    minus: Option<Token![-]>,
    number: Lit,
}

impl Value for Decimal {
    const WHAT: &'static str = "a number";

    fn instead(found: &TokenStream) -> String {
        unquoted::<Self>(found, "0.5")
    }
}

impl Decimal {
    /// Returns `true` for a number without a fraction.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.number, Lit::Int(_))
    }

    /// Returns the digits without a suffix.
    pub(crate) fn digits(&self) -> String {
        let sign = if self.minus.is_some() { "-" } else { "" };
        let digits = match &self.number {
            Lit::Int(number) => number.base10_digits().to_owned(),
            Lit::Float(number) => number.base10_digits().to_owned(),
            _ => String::new(),
        };
        format!("{sign}{digits}")
    }

    pub(crate) fn as_f64(&self) -> f64 {
        self.digits().parse().unwrap_or(f64::NAN)
    }
}

impl Parse for Decimal {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let minus = input.parse()?;
        let number = if input.peek(LitFloat) {
            Lit::Float(input.parse()?)
        } else {
            Lit::Int(input.parse()?)
        };
        Ok(Self { minus, number })
    }
}

impl ToTokens for Decimal {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.minus.to_tokens(tokens);
        self.number.to_tokens(tokens);
    }
}

/// The minimum or the maximum: a number, or a date or time in quotes.
pub(crate) enum RawBound {
    Number(Decimal),
    Text(LitStr),
}

impl Value for RawBound {
    const WHAT: &'static str = "a number, or a date or time in quotes";

    fn instead(_: &TokenStream) -> String {
        "10".to_owned()
    }
}

impl Parse for RawBound {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            input.parse().map(Self::Text)
        } else {
            input.parse().map(Self::Number)
        }
    }
}

impl ToTokens for RawBound {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Number(number) => number.to_tokens(tokens),
            Self::Text(text) => text.to_tokens(tokens),
        }
    }
}

/// The choices of a field.
pub(crate) struct RawOptions(pub(crate) Vec<RawOption>);

/// One choice, with an optional label.
pub(crate) struct RawOption {
    pub(crate) value: RawBound,
    pub(crate) label: Option<LitStr>,
}

impl Value for RawOptions {
    const WHAT: &'static str = "a list";

    fn instead(_: &TokenStream) -> String {
        "[\"csv\", \"tsv\" = \"Tabs\"]".to_owned()
    }
}

impl Parse for RawOptions {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let inside;
        bracketed!(inside in input);
        let options = Punctuated::<RawOption, Token![,]>::parse_terminated(&inside)?;
        Ok(Self(options.into_iter().collect()))
    }
}

impl Parse for RawOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let value = input.parse()?;
        let label = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok(Self { value, label })
    }
}

/// Returns the unquoted form of a quoted value, or `example`. Unlike other derives, this derive does not
/// accept types, paths and numbers in quotes.
fn unquoted<T: Parse>(found: &TokenStream, example: &str) -> String {
    syn::parse2::<LitStr>(found.clone())
        .ok()
        .filter(|quoted| quoted.parse::<T>().is_ok())
        .map_or_else(|| example.to_owned(), |quoted| quoted.value())
}
