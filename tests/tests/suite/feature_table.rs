//! Every feature is explained, in the same words wherever features are listed.

use std::{fmt::Write, mem};

use crate::support::manifest::package;

const MANIFEST: &str = include_str!("../../../liveops/Cargo.toml");
const README: &str = include_str!("../../../README.md");
const FRONT_PAGE: &str = include_str!("../../../liveops/src/lib.rs");

/// The table that has to be on both pages, made from the manifest and its `##` lines.
fn expected_table() -> String {
    let features = package("liveops")["features"].as_object().unwrap();
    let is_default = |name: &str| features["default"].as_array().unwrap().contains(&name.into());
    let mut table = "| feature | adds |\n|---|---|\n".to_owned();
    for (name, words) in explained() {
        assert!(features.contains_key(name), "{name} is explained, but no feature");
        let by_default = if is_default(name) { ", by default" } else { "" };
        writeln!(table, "| `{name}`{by_default} | {words} |").unwrap();
    }
    for name in features.keys().filter(|name| *name != "default") {
        assert!(
            table.contains(&format!("| `{name}`")),
            "`{name}` has no `##` line in liveops/Cargo.toml"
        );
    }
    table
}

/// The features of the manifest in its order, each with the `##` lines in front of it as one.
fn explained() -> Vec<(&'static str, String)> {
    let section = MANIFEST.split("\n[features]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let mut found = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for line in section.lines() {
        if let Some(comment) = line.strip_prefix("## ") {
            words.push(comment);
        } else if let Some((name, _)) = line.split_once(" = [")
            && !words.is_empty()
        {
            found.push((name, mem::take(&mut words).join(" ")));
        }
    }
    found
}

#[test]
fn readme_lists_every_feature() {
    let table = expected_table();
    assert!(README.contains(&table), "not in README.md:\n{table}");
}

#[test]
fn front_page_of_the_documentation_lists_every_feature() {
    let table = expected_table();
    let comment: String = table.lines().map(|line| format!("//! {line}\n")).collect();
    assert!(FRONT_PAGE.contains(&comment), "not in liveops/src/lib.rs:\n{comment}");
}
