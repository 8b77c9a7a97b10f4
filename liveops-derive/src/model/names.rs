//! The rules for the names and texts of an operation.

use heck::ToSnakeCase;
use syn::{Ident, LitStr, ext::IdentExt};

use crate::{errors::Errors, naming};

const SEGMENT: &str = "it must start with a letter and consist of `a-z`, `0-9` and `_`, because URLs and \
                       template names contain it";

pub(super) fn app(
    given: Option<LitStr>,
    package: Option<&str>,
    ident: &Ident,
    errors: &mut Errors,
) -> String {
    if let Some(given) = given {
        return segment("app", &given, errors);
    }
    let app = package.unwrap_or_default().replace('-', "_");
    if package.is_none() {
        errors.at(
            ident,
            "`app` defaults to the name of the package, but `CARGO_PKG_NAME` is not set\n\
             help: add `#[liveop(app = \"…\")]`",
        );
    } else if !is_segment(&app) {
        errors.at(
            ident,
            format!(
                "`app` defaults to the name of the package, but cannot be `{app}`: {SEGMENT}\n\
                 help: add `#[liveop(app = \"{}\")]`",
                near(&app)
            ),
        );
    }
    app
}

pub(super) fn name(given: Option<LitStr>, ident: &Ident, errors: &mut Errors) -> String {
    if let Some(given) = given {
        return segment("name", &given, errors);
    }
    let type_name = ident.unraw().to_string();
    let name = naming::snake_case(&type_name);
    if !is_segment(&name) {
        errors.at(
            ident,
            format!(
                "`name` defaults to the name of the type `{type_name}`, but cannot be `{name}`: \
                 {SEGMENT}\n\
                 help: add `#[liveop(name = \"{}\")]`",
                near(&name)
            ),
        );
    }
    name
}

fn segment(key: &str, given: &LitStr, errors: &mut Errors) -> String {
    let text = given.value();
    if !is_segment(&text) {
        errors.at(
            given,
            format!(
                "`{key}` cannot be `{}`: {SEGMENT}\nhelp: write `{key} = \"{}\"`",
                text.escape_debug(),
                near(&text)
            ),
        );
    }
    text
}

fn is_segment(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Returns a suggestion for a wrong name.
fn near(text: &str) -> String {
    let near = text.to_snake_case();
    if is_segment(&near) { near } else { "…".to_owned() }
}

pub(super) fn title(given: Option<LitStr>, ident: &Ident, errors: &mut Errors) -> String {
    let Some(given) = given else { return naming::title(&ident.unraw().to_string()) };
    let text = given.value();
    if let Some(flaw) = flaw_of_text(&text) {
        errors.at(
            &given,
            format!(
                "`title` {flaw}\nhelp: write the name that users see, such as `\"Score import\"`"
            ),
        );
    }
    text
}

/// Returns the flaw of a text that users see on one line.
pub(super) fn flaw_of_text(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("is empty")
    } else if text.contains(char::is_control) {
        Some("contains a line break or another control character")
    } else if text.trim() != text {
        Some("starts or ends with a space")
    } else {
        None
    }
}

pub(super) fn template(
    key: &str,
    given: Option<LitStr>,
    default: impl FnOnce() -> String,
    errors: &mut Errors,
) -> String {
    let Some(given) = given else { return default() };
    let path = given.value();
    if let Some(flaw) = flaw_of_path(&path) {
        errors.at(
            &given,
            format!(
                "`{key}` {flaw}\n\
                 help: write a path relative to the templates, such as `{key} = \"demo/import.html\"`"
            ),
        );
    }
    path
}

fn flaw_of_path(path: &str) -> Option<&'static str> {
    if path.trim().is_empty() {
        Some("is empty")
    } else if path.contains(char::is_control) {
        Some("contains a line break or another control character")
    } else if path.contains('\\') {
        Some("contains `\\`, but its parts must be separated by `/`")
    } else if path.starts_with('/') {
        Some("starts with `/`, but must be a relative path")
    } else if path.split('/').any(|part| part == "..") {
        Some("contains `..`, which is not allowed")
    } else if path.split('/').any(|part| part.is_empty() || part == ".") {
        Some("contains a part that is empty or `.`")
    } else {
        None
    }
}
