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

/// The attribute with the label of a stage.
pub(super) fn stage_attribute(labels: &[&str], index: usize) -> String {
    format!("stage-{}", name_or_place(labels, index))
}

/// What one of several is called: after its text, or where that has no name of its own in ASCII, after
/// its place.
fn name_or_place(texts: &[&str], index: usize) -> String {
    let slug =
        |text: &&str| text.replace(|c: char| !c.is_ascii_alphanumeric(), " ").to_kebab_case();
    let slugs: Vec<String> = texts.iter().map(slug).collect();
    let is_own =
        |name: &String| !name.is_empty() && slugs.iter().filter(|slug| *slug == name).count() == 1;
    // A number would be the place of another one.
    let is_clear =
        |name: &String| slugs.iter().all(is_own) || !name.bytes().all(|byte| byte.is_ascii_digit());
    let name = slugs.get(index).filter(|name| is_own(name) && is_clear(name));
    name.cloned().unwrap_or_else(|| (index + 1).to_string())
}

/// The name of one of several texts in an attribute.
pub(crate) fn name_of(texts: &[&str], text: &str) -> String {
    name_or_place(texts, texts.iter().position(|known| *known == text).unwrap_or_default())
}

/// The texts about `kind` that `messages` lack: the title, the stages, and `more`, each with its
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
