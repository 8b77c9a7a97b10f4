//! The translations that the languages of an application lack.

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Message};

use crate::{
    language::operation_texts::{stage_attribute, title_message},
    operation::OperationKind,
};

/// A text of the application without a translation into one of its languages.
///
/// [`Languages`](super::Languages) has an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{language}` lacks `{id}` for {text:?}")]
#[non_exhaustive]
pub struct MissingText {
    /// The BCP 47 tag of the language.
    pub language: String,
    /// The ID of the missing message, or `message.attribute`.
    pub id: String,
    /// The text that users see instead.
    pub text: &'static str,
}

/// Returns the texts about `kind` that `messages` lack: the title, the stages, and `more`, each with its
/// attribute.
pub(super) fn missing(
    language: &str,
    messages: &FluentResource,
    kind: &OperationKind,
    more: &[(String, &'static str)],
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
    let attributes = stages.chain(more.iter().cloned());
    let attributes = attributes
        .filter(|(attribute, text)| !text.is_empty() && is_missing(attribute))
        .map(|(attribute, text)| missing(format!("{id}.{attribute}"), text));
    title.into_iter().chain(attributes).collect()
}

fn find<'a>(messages: &'a FluentResource, id: &str) -> Option<&'a Message<&'a str>> {
    messages.entries().find_map(|entry| match entry {
        Entry::Message(message) if message.id.name == id => Some(message),
        _ => None,
    })
}
