//! The raw input: what was typed, before any rule is applied.

use syn::{Attribute, Data, DeriveInput, Fields, Generics, Ident, Token, Visibility};

use crate::{
    attr::{self, Attrs},
    errors::Errors,
};

/// One item under `#[derive(LiveOperation)]`.
pub(crate) struct Input {
    pub(crate) visibility: Visibility,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) shape: Shape,
    pub(crate) attrs: Attrs,
    /// Of a struct, untouched: only a form asks for them.
    pub(crate) fields: Option<Fields>,
    /// What stands above the item, for the same.
    pub(crate) raw_attrs: Vec<Attribute>,
}

/// What kind of item it is, by the keyword that says so.
pub(crate) enum Shape {
    Struct,
    Enum(Token![enum]),
    Union(Token![union]),
}

impl Input {
    pub(crate) fn read(input: DeriveInput, errors: &mut Errors) -> Self {
        let attrs = Attrs::read(&input.attrs, errors);
        let shape = match &input.data {
            Data::Struct(data) => {
                refuse_on_fields(&data.fields, errors);
                Shape::Struct
            }
            Data::Enum(data) => Shape::Enum(data.enum_token),
            Data::Union(data) => Shape::Union(data.union_token),
        };
        let fields = match input.data {
            Data::Struct(data) => Some(data.fields),
            Data::Enum(_) | Data::Union(_) => None,
        };
        Self {
            visibility: input.vis,
            ident: input.ident,
            generics: input.generics,
            shape,
            attrs,
            fields,
            raw_attrs: input.attrs,
        }
    }
}

/// Rust lets the attributes of a derive stand anywhere inside the item, where they would be
/// overlooked.
fn refuse_on_fields(fields: &Fields, errors: &mut Errors) {
    let attrs = fields.iter().flat_map(|field| &field.attrs);
    for attr in attrs.filter(|attr| attr::is_ours(attr)) {
        errors.at(attr, misplaced(attr));
    }
}

fn misplaced(attr: &Attribute) -> String {
    let name = attr.path().get_ident().map(ToString::to_string).unwrap_or_default();
    format!(
        "`#[{name}(…)]` is about the whole operation, not about a field\n\
         help: move it above the struct"
    )
}
