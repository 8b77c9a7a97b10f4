//! The raw input as typed, before any rule is applied.

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
    /// The unchanged fields of a struct, which only a form needs.
    pub(crate) fields: Option<Fields>,
    /// The unchanged attributes of the item, which only a form needs.
    pub(crate) raw_attrs: Vec<Attribute>,
}

/// The kind of an item, with the keyword for the span of an error.
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

/// Refuses attributes on fields. Rust accepts the attributes of a derive anywhere inside the item, where this
/// derive would ignore them.
fn refuse_on_fields(fields: &Fields, errors: &mut Errors) {
    let attrs = fields.iter().flat_map(|field| &field.attrs);
    for attr in attrs.filter(|attr| attr::is_ours(attr)) {
        errors.at(attr, misplaced(attr));
    }
}

fn misplaced(attr: &Attribute) -> String {
    let name = attr.path().get_ident().map(ToString::to_string).unwrap_or_default();
    format!(
        "`#[{name}(…)]` belongs on the struct, not on a field\n\
         help: move it above the struct"
    )
}
