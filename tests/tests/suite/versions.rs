//! One version, of liveops and of Rust, wherever they are written.

use std::collections::HashMap;

use serde_json::Value;

use crate::support::manifest::{PUBLISHED, dependency_graph, package};

const CHANGELOG: &str = include_str!("../../../CHANGELOG.md");
const README: &str = include_str!("../../../README.md");
const MANIFEST: &str = include_str!("../../../Cargo.toml");

/// The headings of the changelog that are versions: version and date.
fn releases() -> Vec<(&'static str, &'static str)> {
    let headings = CHANGELOG.lines().filter_map(|line| line.strip_prefix("## "));
    headings.filter_map(|heading| heading.split_once(" - ")).collect()
}

/// `1.94` and `1.94.0` alike, to be compared.
fn numbers(version: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    numbers.resize(3, 0);
    numbers
}

#[test]
fn newest_version_of_the_changelog_is_the_one_of_the_manifests() {
    let (newest, _) = releases()[0];
    for name in PUBLISHED {
        assert_eq!(package(name)["version"], newest, "{name}");
    }
    assert!(
        MANIFEST
            .contains(&format!("\nliveops = {{ path = \"liveops\", version = \"{newest}\" }}\n"))
    );
    // Both halves of one thing: what the derive generates is what this runtime has.
    let exactly =
        format!("\nliveops-derive = {{ path = \"liveops-derive\", version = \"={newest}\" }}\n");
    assert!(MANIFEST.contains(&exactly), "{MANIFEST}");
    assert!(README.contains(&format!("liveops {newest} ")), "README.md names another version");
}

#[test]
fn changelog_goes_from_unreleased_to_the_oldest_version() {
    let first = CHANGELOG.lines().find(|line| line.starts_with("## "));
    assert_eq!(first, Some("## Unreleased"));
    let releases = releases();
    assert!(releases.is_sorted_by(|(newer, _), (older, _)| numbers(newer) > numbers(older)));
    let is_date = |date: &str| {
        let lengths: Vec<usize> = date.split('-').map(str::len).collect();
        lengths == [4, 2, 2] && date.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    for (at, (version, date)) in releases.iter().enumerate() {
        let is_to_come = at == 0 && *date == "not yet published";
        assert!(is_to_come || is_date(date), "{version}: {date}");
    }
}

#[test]
fn readme_names_the_oldest_rust_that_is_enough() {
    for name in PUBLISHED {
        let oldest = package(name)["rust_version"].as_str().unwrap();
        assert!(README.contains(&format!("Rust {oldest} or newer")), "{name}: {oldest}");
    }
}

#[test]
fn no_dependency_needs_a_newer_rust() {
    let graph = dependency_graph();
    let packages: HashMap<&str, &Value> =
        list(&graph["packages"]).map(|package| (text(&package["id"]), package)).collect();
    let nodes: HashMap<&str, &Value> =
        list(&graph["resolve"]["nodes"]).map(|node| (text(&node["id"]), node)).collect();
    let liveops = package("liveops");
    let oldest = numbers(text(&liveops["rust_version"]));

    let mut seen = vec![text(&liveops["id"])];
    let mut at = 0;
    while let Some(id) = seen.get(at).copied() {
        let needed = packages[id]["rust_version"].as_str().map(numbers);
        assert!(needed <= Some(oldest.clone()), "{id} needs Rust {needed:?}");
        for dependency in list(&nodes[id]["deps"]).filter(|dependency| !is_for_tests(dependency)) {
            let next = text(&dependency["pkg"]);
            if !seen.contains(&next) {
                seen.push(next);
            }
        }
        at += 1;
    }
    assert!(seen.len() > 100, "only {} packages: the wrong end of the graph", seen.len());
}

fn is_for_tests(dependency: &Value) -> bool {
    list(&dependency["dep_kinds"]).all(|kind| kind["kind"] == "dev")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
