//! Under which names an application's texts about an operation are found.

use heck::ToKebabCase;

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
