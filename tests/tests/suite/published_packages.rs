//! What is published has what it must, and nothing else.

use std::fs;

use crate::support::manifest::{PUBLISHED, cargo, package, root};

/// What a package would have, without what cargo writes into it.
fn files_of(package: &str) -> Vec<String> {
    let files = cargo(&["package", "--list", "--allow-dirty", "--package", package]);
    let is_written = |file: &&str| {
        [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"].contains(file)
    };
    files.lines().filter(|file| !is_written(file)).map(str::to_owned).collect()
}

/// Whether whoever compiles the package reads the file as a text.
fn is_source(file: &str) -> bool {
    file.starts_with("src/") || file.starts_with("texts/")
}

fn beside_the_sources(package: &str) -> Vec<String> {
    files_of(package).into_iter().filter(|file| !is_source(file)).collect()
}

#[test]
fn packages_have_their_licences_their_pages_and_what_they_embed() {
    let expected = [
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "assets/htmx-2.min.js",
        "assets/htmx-LICENSE",
        "assets/liveops.css",
        "assets/liveops.js",
        "assets/liveops.js.map",
    ];
    assert_eq!(beside_the_sources("liveops"), expected);
    let expected = ["LICENSE-APACHE", "LICENSE-MIT", "README.md"];
    assert_eq!(beside_the_sources("liveops-derive"), expected);
}

#[test]
fn packages_have_every_source_and_no_file_of_another_kind() {
    for name in PUBLISHED {
        let files = files_of(name);
        let sources = files.iter().filter(|file| is_source(file));
        let kinds = [".rs", ".md", ".sql", ".lua", ".ftl"];
        for file in sources.clone() {
            assert!(kinds.iter().any(|kind| file.ends_with(kind)), "{name}: {file}");
        }
        assert!(sources.count() > 20, "{name}: {files:?}");
    }
}

#[test]
fn pages_of_a_package_are_those_of_the_workspace() {
    let same = [
        ("liveops", "CHANGELOG.md"),
        ("liveops", "README.md"),
        ("liveops", "LICENSE-APACHE"),
        ("liveops", "LICENSE-MIT"),
        ("liveops-derive", "LICENSE-APACHE"),
        ("liveops-derive", "LICENSE-MIT"),
    ];
    for (package, file) in same {
        let packaged = fs::read_to_string(root().join(package).join(file)).unwrap();
        let original = fs::read_to_string(root().join(file)).unwrap();
        assert_eq!(packaged, original, "{package}/{file}: a link that was checked out as a text?");
    }
}

#[test]
fn registry_takes_what_the_manifests_say() {
    for name in PUBLISHED {
        let package = package(name);
        for key in ["description", "documentation", "license", "readme", "rust_version"] {
            assert!(package[key].is_string(), "{name}: no {key}");
        }
        let words = |key: &str| -> Vec<&str> {
            package[key].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
        };
        let (keywords, categories) = (words("keywords"), words("categories"));
        assert!((1..=5).contains(&keywords.len()), "{name}: {keywords:?}");
        assert!((1..=5).contains(&categories.len()), "{name}: {categories:?}");
        for keyword in keywords {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-+".contains(c);
            assert!(keyword.len() <= 20 && keyword.chars().all(is_allowed), "{name}: {keyword}");
            assert!(keyword.starts_with(|c: char| c.is_ascii_alphanumeric()), "{name}: {keyword}");
        }
    }
}
