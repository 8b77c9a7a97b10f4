//! Under which names an application's texts about an operation are found.

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Message};
use heck::ToKebabCase;

use crate::{
    form::{Choice, Field, Form, Scalar},
    operation::OperationKind,
};

/// A text that an application has in no language but the one it is written in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{language}` lacks `{id}` for {text:?}")]
#[non_exhaustive]
pub struct MissingText {
    /// The BCP 47 tag of the language.
    pub language: String,
    /// Where it is looked for: the id of a message, or `message.attribute`.
    pub id: String,
    /// What is said instead.
    pub text: &'static str,
}

/// The message that is called after an operation.
pub(super) fn title_message(op_type: &str) -> String {
    op_type.replacen('.', "-", 1)
}

/// The attribute with the label of a stage: named after the label, or where that has no name of its own
/// in ASCII, after its place.
pub(super) fn stage_attribute(labels: &[&str], index: usize) -> String {
    let slug =
        |label: &str| label.replace(|c: char| !c.is_ascii_alphanumeric(), " ").to_kebab_case();
    let name = labels.get(index).map(|label| slug(label)).unwrap_or_default();
    let is_unique = labels.iter().filter(|label| slug(label) == name).count() == 1;
    if is_unique && !name.is_empty() {
        format!("stage-{name}")
    } else {
        format!("stage-{}", index + 1)
    }
}

/// The attribute with what a form says of its operation.
pub(super) const INTRO: &str = "intro";

pub(super) fn label_attribute(field: &Field) -> String {
    format!("field-{}", field.name.to_kebab_case())
}

pub(super) fn help_attribute(field: &Field) -> String {
    format!("help-{}", field.name.to_kebab_case())
}

pub(super) fn choice_attribute(field: &Field, choice: &Choice) -> String {
    format!("choice-{}-{}", field.name.to_kebab_case(), choice.value.to_kebab_case())
}

/// What `messages` lack of the texts about `kind`, and about its form.
pub(super) fn missing(
    language: &str,
    messages: &FluentResource,
    kind: &OperationKind,
    form: Option<&Form>,
) -> Vec<MissingText> {
    let id = title_message(kind.op_type);
    let message = find(messages, &id);
    let missing = |id: String, text| MissingText { language: language.to_owned(), id, text };
    let title = message.is_none_or(|message| message.value.is_none());
    let title = title.then(|| missing(id.clone(), kind.title));
    let is_missing = |attribute: &str| {
        !message.is_some_and(|message| {
            message.attributes.iter().any(|found| found.id.name == attribute)
        })
    };
    let stages = kind.stages.iter().enumerate();
    let stages = stages.map(|(index, label)| (stage_attribute(kind.stages, index), *label));
    let attributes = stages.chain(form.into_iter().flat_map(of_form));
    let attributes = attributes
        .filter(|(attribute, text)| !text.is_empty() && is_missing(attribute))
        .map(|(attribute, text)| missing(format!("{id}.{attribute}"), text));
    title.into_iter().chain(attributes).collect()
}

/// The texts of a form, by their attributes.
fn of_form(form: &Form) -> Vec<(String, &'static str)> {
    let mut texts = vec![(INTRO.to_owned(), form.intro)];
    for field in form.fields.iter().filter(|field| !field.is_hidden) {
        texts.push((label_attribute(field), field.label));
        texts.push((help_attribute(field), field.help));
        if field.field_type.scalar != Scalar::Bool {
            let choices = field.field_type.choices.iter();
            texts.extend(choices.map(|choice| (choice_attribute(field, choice), choice.label)));
        }
    }
    texts
}

fn find<'a>(messages: &'a FluentResource, id: &str) -> Option<&'a Message<&'a str>> {
    messages.entries().find_map(|entry| match entry {
        Entry::Message(message) if message.id.name == id => Some(message),
        _ => None,
    })
}
