//! The public API of liveops: a golden file with every item, a bound on the number of types, and the
//! declared crates whose types are in signatures.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use expect_test::expect_file;
use public_api::{PublicApi, PublicItem, tokens::Token};
use serde_json::Value;

use crate::{
    program::output_of,
    support::manifest::{cargo, root},
};

/// The maximum number of public types. A new type replaces another one.
const TYPES_MAX: usize = 150;

static JSON: LazyLock<PathBuf> = LazyLock::new(rustdoc_json);

static API: LazyLock<PublicApi> = LazyLock::new(|| {
    public_api::Builder::from_rustdoc_json(JSON.as_path())
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .unwrap()
});

/// Documents liveops with all features, as JSON, and returns the file.
///
/// Only rustdoc may use unstable options: with `RUSTC_BOOTSTRAP` in the environment of cargo, build scripts
/// that read this variable would compile every dependency again. xtask therefore runs in the place of rustdoc.
fn rustdoc_json() -> PathBuf {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(root())
        .args(["rustdoc", "--locked", "--package", "liveops", "--lib", "--all-features"])
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTDOC", env!("CARGO_BIN_EXE_xtask"))
        .env("LIVEOPS_XTASK_IS_RUSTDOC", "1");
    output_of(&mut command).unwrap();
    // The program is in a folder of the target folder.
    let program = Path::new(env!("CARGO_BIN_EXE_xtask"));
    program.ancestors().nth(2).unwrap().join("doc/liveops.json")
}

/// Returns the kind of an item: `struct`, `fn`, `mod` and so on.
fn kind(item: &PublicItem) -> Option<&str> {
    item.tokens().find_map(|token| match token {
        Token::Kind(kind) => Some(kind.as_str()),
        _ => None,
    })
}

#[test]
fn the_public_api_is_the_one_that_was_reviewed() {
    expect_file!["../../../liveops/public-api.txt"].assert_eq(&API.to_string());
}

#[test]
fn the_public_types_can_be_surveyed() {
    let is_module = |item: &&PublicItem| kind(item) == Some("mod");
    let modules: BTreeSet<u32> = API.items().filter(is_module).map(|item| item.id().0).collect();
    let is_type = |item: &&PublicItem| match kind(item) {
        Some("struct" | "enum" | "trait" | "union") => true,
        // An associated type is part of its trait.
        Some("type") => item.parent_id().is_some_and(|parent| modules.contains(&parent.0)),
        _ => false,
    };
    // A type with two paths counts once.
    let types: BTreeSet<u32> = API.items().filter(is_type).map(|item| item.id().0).collect();
    assert!(types.len() <= TYPES_MAX, "{} public types, at most {TYPES_MAX}", types.len());
}

#[test]
fn every_public_type_has_an_example_or_a_link_to_one() {
    let json: Value = serde_json::from_slice(&fs::read(&*JSON).unwrap()).unwrap();
    let types = public_types(&json);
    assert!(types.len() > 100, "only {} public types found", types.len());
    let without: Vec<String> = types
        .iter()
        .filter(|item| !has_example(item) && !linked_items(&json, item).any(has_example))
        .map(|item| format!("{} in {}", item["name"], item["span"]["filename"]))
        .collect();
    assert!(without.is_empty(), "no example and no link to one:\n{}", without.join("\n"));
}

/// Returns the public types as items of rustdoc.
fn public_types(json: &Value) -> Vec<&Value> {
    let kinds = ["struct", "enum", "trait", "union", "type_alias"];
    let mut types = Vec::new();
    let mut seen = BTreeSet::new();
    let mut ids = vec![json["root"].to_string()];
    while let Some(id) = ids.pop() {
        // Items of other crates are not in the index.
        let Some(item) = json["index"].get(&id) else { continue };
        // A type with two paths counts once.
        if !seen.insert(id) {
            continue;
        }
        let inner = &item["inner"];
        let in_module = inner["module"]["items"].as_array();
        ids.extend(in_module.into_iter().flatten().map(Value::to_string));
        ids.extend(inner["use"].get("id").map(Value::to_string));
        if kinds.iter().any(|kind| inner.get(kind).is_some()) {
            types.push(item);
        }
    }
    types
}

/// Returns the items of liveops to which the documentation of an item links.
fn linked_items<'a>(json: &'a Value, item: &'a Value) -> impl Iterator<Item = &'a Value> {
    let links = item["links"].as_object();
    let ids = links.into_iter().flat_map(|links| links.values());
    ids.filter_map(|id| json["index"].get(id.to_string()))
}

/// Returns `true` if the documentation of an item has a block of code.
fn has_example(item: &Value) -> bool {
    item["docs"].as_str().is_some_and(|docs| docs.contains("```"))
}

#[test]
fn the_crates_in_signatures_are_declared() {
    // Without dependencies, cargo fetches nothing.
    let metadata = cargo(&["metadata", "--format-version", "1", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let liveops = packages.iter().find(|package| package["name"] == "liveops").unwrap();
    let declared = &liveops["metadata"]["cargo_check_external_types"]["allowed_external_types"];
    let allowed: Vec<&str> =
        declared.as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    let found = external_paths(&API.to_string());
    let is_allowed = |path: &str, pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == pattern,
    };
    let undeclared: Vec<_> = found
        .iter()
        .filter(|path| !allowed.iter().any(|pattern| is_allowed(path, pattern)))
        .collect();
    assert!(undeclared.is_empty(), "not in `allowed_external_types`: {undeclared:?}");
    let unused: Vec<_> = allowed
        .iter()
        .filter(|pattern| !found.iter().any(|path| is_allowed(path, pattern)))
        .collect();
    assert!(unused.is_empty(), "in `allowed_external_types`, but in no signature: {unused:?}");
}

/// Returns the full paths that begin with another crate than liveops and the standard library. Constants of
/// primitive types begin with the name of the type: `bool::FIELD`.
fn external_paths(api: &str) -> BTreeSet<String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let own = [
        "liveops", "core", "alloc", "std", "bool", "char", "str", "f32", "f64", "i8", "i16", "i32",
        "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize",
    ];
    api.split(|c| !is_path(c))
        .map(|path| path.trim_matches(':'))
        .filter_map(|path| path.split_once("::").map(|(first, _)| (first, path)))
        .filter(|(first, _)| first.starts_with(char::is_lowercase) && !own.contains(first))
        .map(|(_, path)| path.to_owned())
        .collect()
}

#[test]
fn paths_of_other_crates_are_found() {
    let line = "pub fn liveops::x(&self, alloc::sync::Arc<sea_orm::DbErr>) -> <T as core::ops::Fn>::Output, u8::MAX";
    assert_eq!(external_paths(line), BTreeSet::from(["sea_orm::DbErr".to_owned()]));
}
