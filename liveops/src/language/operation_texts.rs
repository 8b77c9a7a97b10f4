//! The names of an application's texts about an operation.

use heck::ToKebabCase;

/// Returns the ID of the message of an operation: its op type with a hyphen for the dot.
pub(super) fn title_message(op_type: &str) -> String {
    op_type.replacen('.', "-", 1)
}

/// Returns the name of the attribute with the label of a stage.
pub(super) fn stage_attribute(labels: &[&str], index: usize) -> String {
    format!("stage-{}", name_or_position(labels, index))
}

/// Returns the name of one of several texts: the text in kebab case. If this name is not unique or has no
/// ASCII letters or digits, returns the position of the text, from 1.
fn name_or_position(texts: &[&str], index: usize) -> String {
    let slug =
        |text: &&str| text.replace(|c: char| !c.is_ascii_alphanumeric(), " ").to_kebab_case();
    let slugs: Vec<String> = texts.iter().map(slug).collect();
    let is_own =
        |name: &String| !name.is_empty() && slugs.iter().filter(|slug| *slug == name).count() == 1;
    // A name of digits could be mistaken for the position of another text.
    let is_clear =
        |name: &String| slugs.iter().all(is_own) || !name.bytes().all(|byte| byte.is_ascii_digit());
    let name = slugs.get(index).filter(|name| is_own(name) && is_clear(name));
    name.cloned().unwrap_or_else(|| (index + 1).to_string())
}

/// Returns the name of one of several texts in an attribute.
pub(crate) fn name_of(texts: &[&str], text: &str) -> String {
    name_or_position(texts, texts.iter().position(|known| *known == text).unwrap_or_default())
}
