//! Under which names an application's texts about an operation are found.

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Message};
use heck::ToKebabCase;

use crate::operation::OperationKind;

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

/// What `messages` lack of the texts about `kind`.
pub(super) fn missing(
    language: &str,
    messages: &FluentResource,
    kind: &OperationKind,
) -> Vec<MissingText> {
    let id = title_message(kind.op_type);
    let message = find(messages, &id);
    let missing = |id: String, text| MissingText { language: language.to_owned(), id, text };
    let title = message.is_none_or(|message| message.value.is_none());
    let title = title.then(|| missing(id.clone(), kind.title));
    let labels = kind.stages.iter().enumerate().filter_map(|(index, label)| {
        let attribute = stage_attribute(kind.stages, index);
        let is_there = message.is_some_and(|message| {
            message.attributes.iter().any(|found| found.id.name == attribute)
        });
        (!is_there).then(|| missing(format!("{id}.{attribute}"), *label))
    });
    title.into_iter().chain(labels).collect()
}

fn find<'a>(messages: &'a FluentResource, id: &str) -> Option<&'a Message<&'a str>> {
    messages.entries().find_map(|entry| match entry {
        Entry::Message(message) if message.id.name == id => Some(message),
        _ => None,
    })
}
