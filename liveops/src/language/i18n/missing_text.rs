//! The texts that the languages of an application lack.

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Message};

use crate::{
    form::{Form, Scalar},
    language::operation_texts::{
        INTRO, choice_attribute, help_attribute, label_attribute, stage_attribute, title_message,
    },
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
        texts.push((label_attribute(form, field), field.label));
        texts.push((help_attribute(form, field), field.help));
        if field.field_type.scalar != Scalar::Bool {
            let choices = field.field_type.choices.iter();
            texts.extend(
                choices.map(|choice| (choice_attribute(form, field, choice), choice.label)),
            );
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
