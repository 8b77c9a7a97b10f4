//! The rules for the description of an operation.

use proc_macro2::{Literal, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Field, Fields, Generics, Ident, LitStr, Path, Type, ext::IdentExt};

use super::names::flaw_of_text;
use crate::{
    attr::{FieldAttrs, RawDescribe},
    errors::Errors,
    suggest::{listed, similar},
};

/// The description of an operation.
pub(crate) enum Describe {
    /// A text with fields.
    Parts(Vec<Part>),
    /// A function that takes the operation.
    By(Path),
}

/// A part of a description.
pub(crate) enum Part {
    Text(String),
    Field {
        /// The name or the index of the field.
        member: TokenStream,
        ty: Box<Type>,
        /// The type parameters of the operation that the type contains.
        params: Vec<Ident>,
    },
}

/// Checks the description, if one is given. `ident`, `generics` and `fields` are those of the struct.
pub(super) fn check(
    given: Option<&RawDescribe>,
    ident: &Ident,
    generics: &Generics,
    fields: Option<&Fields>,
    errors: &mut Errors,
) -> Option<Describe> {
    match given? {
        RawDescribe::Function(path) => Some(Describe::By(path.clone())),
        RawDescribe::Text(text) => {
            let fields = fields.into_iter().flatten().enumerate().map(|(index, field)| {
                let name = field.ident.as_ref().map(|ident| ident.unraw().to_string());
                (name.unwrap_or_else(|| index.to_string()), field)
            });
            let text = DescribedText { text, ident, generics, fields: fields.collect() };
            text.check(errors).map(Describe::Parts)
        }
    }
}

const HELP: &str =
    "help: write the text that users see, with fields in braces, such as `\"Scores of {file}\"`";

const BRACES: &str =
    "help: write the name of a field, such as `{file}`, or `{{` and `}}` for braces in the text";

/// A description as typed, with the fields of the struct by name.
struct DescribedText<'a> {
    text: &'a LitStr,
    ident: &'a Ident,
    generics: &'a Generics,
    fields: Vec<(String, &'a Field)>,
}

impl DescribedText<'_> {
    fn check(&self, errors: &mut Errors) -> Option<Vec<Part>> {
        let text = self.text.value();
        if let Some(flaw) = flaw_of_text(&text) {
            errors.at(self.text, format!("`describe` {flaw}\n{HELP}"));
            return None;
        }
        let mut parts = Vec::new();
        for piece in pieces(&text) {
            match piece.and_then(|piece| self.part(piece)) {
                Ok(part) => parts.push(part),
                Err(flaw) => errors.at(self.text, format!("`describe` {flaw}")),
            }
        }
        if !text.contains('{') {
            errors.at(
                self.text,
                "`describe` names no field, so all operations of this type have the same description\n\
                 help: add a field in braces, such as `{file}`, or write the text as `title`",
            );
        }
        Some(parts)
    }

    fn part(&self, piece: Piece<'_>) -> Result<Part, String> {
        let name = match piece {
            Piece::Text(text) => return Ok(Part::Text(text)),
            Piece::Field(name) => name,
        };
        let Some((_, field)) = self.fields.iter().find(|(known, _)| known == name) else {
            return Err(self.unknown(name));
        };
        if is_password(field) {
            return Err(format!(
                "shows the field `{name}` in lists, but the field is a password\n\
                 help: remove `{{{name}}}` from the description"
            ));
        }
        let member = match &field.ident {
            Some(ident) => ident.to_token_stream(),
            None => Literal::usize_unsuffixed(name.parse().unwrap_or_default()).into_token_stream(),
        };
        let params = self.generics.type_params().map(|param| &param.ident);
        let params = params.filter(|param| mentions(field.ty.to_token_stream(), param));
        Ok(Part::Field {
            member,
            ty: Box::new(field.ty.clone()),
            params: params.cloned().collect(),
        })
    }

    fn unknown(&self, name: &str) -> String {
        let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_name {
            let before = name.split(|c: char| !c.is_alphanumeric() && c != '_').next();
            let field =
                before.filter(|before| self.fields.iter().any(|(known, _)| known == before));
            let field = field.unwrap_or("file");
            return format!(
                "expects the name of a field in braces, found `{{{}}}`\n\
                 help: write `{{{field}}}`, or name a function that returns a `String`: `describe = {}::description`",
                name.escape_debug(),
                self.ident
            );
        }
        let known: Vec<&str> = self.fields.iter().map(|(known, _)| &**known).collect();
        let meant = similar(name, &known)
            .map(|known| format!("help: did you mean `{{{known}}}`?\n"))
            .unwrap_or_default();
        let note = match &*known {
            [] => format!("`{}` has no fields", self.ident),
            [only] => format!("the only field is `{only}`"),
            known => format!("the fields are {}", listed(known)),
        };
        format!("names the unknown field `{name}`\n{meant}note: {note}")
    }
}

/// A piece of a description as typed.
enum Piece<'a> {
    Text(String),
    /// The text between two braces.
    Field(&'a str),
}

/// Splits a text at its braces. The error of a piece is a flaw of the text.
fn pieces(text: &str) -> Vec<Result<Piece<'_>, String>> {
    let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(&rest[..at]);
        let (brace, behind) = rest[at..].split_at(1);
        if let Some(behind) = behind.strip_prefix(brace) {
            plain.push_str(brace);
            rest = behind;
            continue;
        }
        let field = behind.split_once('}').filter(|(name, _)| brace == "{" && !name.contains('{'));
        if !plain.is_empty() {
            pieces.push(Ok(Piece::Text(std::mem::take(&mut plain))));
        }
        rest = match field {
            Some((name, behind)) if name.trim().is_empty() => {
                pieces.push(Err(format!("has braces without the name of a field\n{BRACES}")));
                behind
            }
            Some((name, behind)) => {
                pieces.push(Ok(Piece::Field(name.trim())));
                behind
            }
            None => {
                let other = if brace == "{" { "}" } else { "{" };
                pieces.push(Err(format!("has a `{brace}` without a `{other}`\n{BRACES}")));
                behind
            }
        };
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Ok(Piece::Text(plain)));
    }
    pieces
}

/// Returns `true` if the form hides the value of a field while it is typed.
fn is_password(field: &Field) -> bool {
    // The form reports the errors.
    let mut ignored = Errors::new();
    let attrs = FieldAttrs::read(&field.attrs, &mut ignored);
    let _ = ignored.check();
    attrs.keys.kind.is_some_and(|kind| kind.value() == "password")
}

/// Returns `true` if `tokens` contain the identifier.
fn mentions(tokens: TokenStream, ident: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(group.stream(), ident),
        TokenTree::Ident(found) => found == *ident,
        _ => false,
    })
}
