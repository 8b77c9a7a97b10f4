//! The feature badges on the pages of docs.rs.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::workspace::root;

/// Checks that every feature with public items has a badge on the pages in `folder`.
pub(super) fn check(folder: &Path) -> Result<(), String> {
    let sources = all_below(&root().join("liveops/src"), "rs")?;
    let expected: BTreeSet<&str> = sources.iter().flat_map(|text| features_in(text)).collect();
    if expected.is_empty() {
        return Err(
            "expected public items with `#[cfg(feature)]`, found none: the wrong folder".into()
        );
    }
    let pages = all_below(folder, "html")?;
    let shown = |feature: &&str| pages.iter().any(|page| page.contains(&badge(feature)));
    let missing: Vec<&str> = expected.into_iter().filter(|feature| !shown(feature)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("no page has a badge of the feature {}", missing.join(", ")))
}

fn badge(feature: &str) -> String {
    format!("Available on <strong>crate feature <code>{feature}</code></strong> only")
}

/// Returns the features of public items in a source; only conditions with one feature count.
fn features_in(text: &str) -> Vec<&str> {
    let mut features = Vec::new();
    let mut waiting = None;
    for line in text.lines().map(str::trim) {
        if let Some(condition) = line.strip_prefix("#[cfg(feature = \"") {
            waiting = condition.strip_suffix("\")]");
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            features.extend(waiting.take().filter(|_| line.starts_with("pub ")));
        }
    }
    features
}

/// Returns the texts of all files below `folder` with this extension.
fn all_below(folder: &Path, extension: &str) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    read_into(&mut texts, folder.to_owned(), extension)
        .map_err(|error| format!("failed to read {}: {error}", folder.display()))?;
    Ok(texts)
}

fn read_into(texts: &mut Vec<String>, folder: PathBuf, extension: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_into(texts, path, extension)?;
        } else if path.extension().is_some_and(|found| found == extension) {
            texts.push(fs::read_to_string(path)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_items_of_one_feature_need_a_badge() {
        let text = "
            #[cfg(feature = \"redis\")]
            mod redis;
            #[cfg(feature = \"postgres\")]
            #[must_use]
            /// A comment.
            pub use postgres::PostgresChannelLayer;
            pub use other::Other;
            #[cfg(any(feature = \"a\", feature = \"b\"))]
            pub mod either;
            #[cfg(feature = \"sqlite\")]
            pub(crate) fn inside() {}
        ";
        assert_eq!(features_in(text), ["postgres"]);
    }
}
