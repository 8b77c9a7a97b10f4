//! The wording check: a doc comment begins with a noun phrase or with a verb in the third person.
//!
//! A first line that begins with a subordinate clause ("What …", "Whether …") or with "The same" does not
//! name its subject. In a few places no other sentence is better, so a small share is allowed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Failure, workspace::root};

/// The folders that the check reads.
const FOLDERS: [&str; 2] = ["liveops/src", "liveops-derive/src"];

/// The largest share of first lines that may begin with one of [`WORDS`], in percent.
const PERCENT_MAX: f64 = 3.0;

/// The words that begin a subordinate clause, or that refer to another comment.
const WORDS: [&str; 14] = [
    "What", "Whether", "How", "Whoever", "Whatever", "Where", "Who", "Which", "When", "Whose",
    "Why", "Since", "Until", "Its",
];

/// The beginnings that refer to another comment.
const REFERENCES: [&str; 3] = ["The same", "Does the same", "From where"];

/// Fails if too many doc comments of a folder begin with a subordinate clause.
pub(crate) fn check() -> Result<(), Failure> {
    eprintln!("prose …");
    for folder in FOLDERS {
        let lines = first_lines(&root().join(folder))
            .map_err(|error| Failure::new(format!("failed to read {folder}: {error}")))?;
        let odd: Vec<&(String, String)> = lines.iter().filter(|(_, line)| is_odd(line)).collect();
        let percent = odd.len() as f64 / lines.len().max(1) as f64 * 100.0;
        eprintln!("prose: {folder}: {percent:.1} % of {} first lines", lines.len());
        if percent >= PERCENT_MAX {
            let list: Vec<String> =
                odd.iter().map(|(place, line)| format!("  {place}: {line}")).collect();
            return Err(Failure::new(format!(
                "prose: {percent:.1} % of the doc comments in {folder} begin with a subordinate clause, expected \
                 less than {PERCENT_MAX} %; begin with a noun phrase or a verb in the third person:\n{}",
                list.join("\n")
            )));
        }
    }
    Ok(())
}

/// Returns the first line of every doc comment of an item, with its file and line number.
fn first_lines(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut lines = Vec::new();
    for file in rust_files(folder)? {
        let text = fs::read_to_string(&file)?;
        let name = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        lines.extend(
            first_lines_of(&text)
                .map(|(number, line)| (format!("{name}:{number}"), line.to_owned())),
        );
    }
    Ok(lines)
}

fn first_lines_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let comment = line.trim_start().strip_prefix("///");
        let is_first = comment.is_some() && !is_inside;
        is_inside = comment.is_some();
        comment.filter(|_| is_first).map(|comment| (index + 1, comment.trim()))
    })
}

fn is_odd(line: &str) -> bool {
    let word = line.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    WORDS.contains(&word) || REFERENCES.iter().any(|start| line.starts_with(start))
}

fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_each_comment_is_found() {
        let text = "/// One.\n/// Two.\nfn f() {}\n\n    /// Three.\n    #[x]\n    fn g() {}\n// Four.\n//! Five.\n";
        assert_eq!(first_lines_of(text).collect::<Vec<_>>(), [(1, "One."), (5, "Three.")]);
    }

    #[test]
    fn subordinate_clauses_and_references_are_odd() {
        for line in
            ["What a client gets.", "Whether it waits.", "The same, later.", "How long it takes."]
        {
            assert!(is_odd(line), "{line}");
        }
        for line in ["A client.", "Returns the frame.", "Whole rows.", "Itself", ""] {
            assert!(!is_odd(line), "{line}");
        }
    }
}
