//! Tests of the derive as a function of tokens: the generated code and the error messages.

mod editor;
mod golden;
mod messages;
mod understood;

use syn::DeriveInput;

use crate::{
    ast::Input,
    errors::Errors,
    model::{Model, Rejected},
};

fn check(item: DeriveInput, package: Option<&str>) -> Result<Model, Box<Rejected>> {
    let mut errors = Errors::new();
    let input = Input::read(item, &mut errors);
    Model::new(input, package, errors)
}
