//! Tests of the imports for editors.

use std::path::Path;

use quote::quote;

use crate::attr::{FIELD_KEYS, KEYS};

/// Returns the keys that the expansion of `item` imports, in order, or `None` without imports.
fn imported(item: &str) -> Option<Vec<String>> {
    let code = crate::derive(item.parse().unwrap(), Some("demo")).to_string().replace(' ', "");
    let (_, behind) = code.split_once("#[cfg(rust_analyzer)]use::liveops::operation::{")?;
    let (imports, _) = behind.split_once("};").unwrap();
    Some(imports.split(',').map(|import| import.replace("keys::", "")).collect())
}

#[track_caller]
fn imports(item: &str, expected: &[&str]) {
    // The empty import at the end is the position for the next key.
    let expected: Vec<_> = expected.iter().copied().chain(["{}"]).collect();
    assert_eq!(imported(item).unwrap(), expected);
}

#[test]
fn every_key_that_is_typed_is_imported() {
    imports(
        r#"#[liveop(app = "a", state = App)] #[liveop(title = "b")] struct Import;"#,
        &["app", "state", "title"],
    );
}

#[test]
fn a_key_is_imported_while_it_is_typed() {
    imports("#[liveop()] struct Import;", &[]);
    imports("#[liveop(ti)] struct Import;", &["ti"]);
    imports(r#"#[liveop(app = "a", ti)] struct Import;"#, &["app", "ti"]);
    imports(r#"#[liveop(ti, app = "a")] struct Import;"#, &["ti", "app"]);
    imports("#[liveop(title = )] struct Import;", &["title"]);
    imports("#[liveop(ti)] enum Import {}", &["ti"]);
    imports("#[liveop(ti)] struct Import<'a>(&'a str);", &["ti"]);
}

#[test]
fn nothing_is_imported_without_the_attribute() {
    assert_eq!(imported("struct Import;"), None);
}

#[test]
fn keywords_are_not_imported() {
    imports("#[liveop(type = 1, _ = 2, self = 3)] struct Import;", &[]);
}

#[test]
fn the_crate_is_imported_from_itself() {
    let item = quote!(
        #[liveop(crate = my_app::liveops)]
        struct Import;
    );
    let code = crate::derive(item, Some("demo")).to_string();
    assert!(code.contains("use my_app :: liveops :: operation :: { keys :: krate ,"), "{code}");
}

/// A message quotes the typed key, so the position of the code after the message changes with every letter.
#[test]
fn a_message_does_not_move_other_code() {
    let code = crate::derive("#[liveop(ti)] struct Import;".parse().unwrap(), Some("demo"));
    let code = code.to_string();
    let (before, _message) = code.split_once(":: core :: compile_error").unwrap();
    assert!(before.contains("keys :: ti ,"), "{code}");
    assert!(before.contains("impl :: liveops :: LiveOperation for Import"), "{code}");
}

/// The expansion before the imports must not depend on a key with an error.
#[test]
fn an_unknown_key_does_not_change_the_code_before_it() {
    let before = |item: &str| {
        let code = crate::derive(item.parse().unwrap(), Some("demo")).to_string();
        code.split_once("cfg (rust_analyzer)").unwrap().0.to_owned()
    };
    assert_eq!(
        before(r#"#[stages("Load")] #[liveop()] struct Import;"#),
        before(r#"#[stages("Load")] #[liveop(ti)] struct Import;"#)
    );
}

#[test]
fn keys_of_fields_are_imported_too() {
    let item = r#"#[liveop(form)] struct Import { #[field(la)] a: u8, #[field(min = 1)] b: u8 }"#;
    let code = crate::derive(item.parse().unwrap(), Some("demo")).to_string().replace(' ', "");
    assert!(code.contains("use::liveops::form::{keys::la,keys::min,keys::{}};"), "{code}");
}

/// Returns the modules of a file, each named after a key.
fn modules(path: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../liveops/src").join(path);
    let file = syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap();
    let modules = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) => Some(module.ident.to_string().replace("krate", "crate")),
        _ => None,
    });
    modules.collect()
}

#[test]
fn every_key_has_a_documented_module() {
    for (file, keys) in [("operation/keys.rs", KEYS), ("form/keys.rs", FIELD_KEYS)] {
        assert_eq!(modules(file), keys, "{file} has a module for each key, in order");
    }
}

#[test]
fn every_key_is_in_the_table() {
    let docs = include_str!("../docs/live_operation.md");
    let (operation, field) = docs.split_once("# Keys of `#[field(…)]`").unwrap();
    for (table, keys) in [(operation, KEYS), (field, FIELD_KEYS)] {
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
        let rows: Vec<_> = rows.map(|(key, _)| key).filter(|key| keys.contains(key)).collect();
        assert_eq!(rows, keys, "live_operation.md has a row for each key, in order");
    }
}
