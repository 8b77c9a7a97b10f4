//! Tests that compare `docs/deployment.md` and its files with the demo.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const COMMANDS: [&str; 10] =
    ["serve", "worker", "run", "list", "show", "log", "cancel", "retry", "migrate", "prune"];

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_demo")).args(arguments).output().unwrap()
}

fn help(arguments: &[&str]) -> String {
    let output = demo(&[arguments, &["--help"]].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn page() -> String {
    fs::read_to_string(docs().join("deployment.md")).unwrap()
}

/// Returns the files of the page, by name.
fn files() -> BTreeMap<String, String> {
    let folder = docs().join("deployment");
    let entries = [folder.clone(), folder.join("systemd")]
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    let text = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    entries.map(text).collect()
}

/// Returns every flag and variable of the demo, with its default if any.
fn settings() -> BTreeMap<String, Option<String>> {
    let mut settings = BTreeMap::new();
    let commands = COMMANDS.iter().map(std::slice::from_ref);
    for command in [&[][..]].into_iter().chain(commands) {
        let help = help(command);
        let mut names = Vec::new();
        for line in help.lines() {
            let found = names_at(line);
            if !found.is_empty() {
                names = found;
            }
            if let Some((_, variable)) = line.split_once("[env: ") {
                let end = variable.find(['=', ']']).unwrap();
                names.push(variable[..end].to_owned());
            }
            let default =
                line.split_once("[default: ").and_then(|(_, default)| default.split_once(']'));
            for name in &names {
                let known = settings.entry(name.clone()).or_insert(None);
                *known = known.take().or(default.map(|(default, _)| default.to_owned()));
            }
        }
    }
    settings.retain(|name, _| !["--help", "--version"].contains(&name.as_str()));
    settings
}

/// Returns the flag or the variable at the beginning of a line of the help.
fn names_at(line: &str) -> Vec<String> {
    let word = line.trim_start().trim_start_matches("-h, ").trim_start_matches("-V, ");
    let word = word.split([' ', '=']).next().unwrap_or_default();
    let is_variable = line.starts_with("  ") && word.len() > 2 && is_variable(word);
    let is_flag = word.starts_with("--");
    (is_variable || is_flag).then(|| word.to_owned()).into_iter().collect()
}

fn is_variable(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

/// Returns the names and defaults of the table of settings, without back-ticks.
fn documented() -> BTreeMap<String, String> {
    let page = page();
    let (_, section) = page.split_once("\n## Settings\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut documented = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with('|') && line.contains('`')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for name in [cells[1], cells[2]].into_iter().filter(|name| !name.is_empty()) {
            documented.insert(name.trim_matches('`').to_owned(), cells[3].to_owned());
        }
    }
    documented
}

#[test]
fn every_setting_is_documented_and_no_other() {
    let settings: BTreeSet<String> = settings().into_keys().collect();
    let documented: BTreeSet<String> = documented().into_keys().collect();
    let missing: Vec<_> = settings.difference(&documented).collect();
    assert!(missing.is_empty(), "not in the page: {missing:?}");
    let unknown: Vec<_> = documented.difference(&settings).collect();
    assert!(unknown.is_empty(), "only in the page: {unknown:?}");
}

#[test]
fn every_default_is_the_one_that_is_documented() {
    let documented = documented();
    let mut compared = 0;
    for (name, default) in settings() {
        // The page describes longer defaults in other words.
        let Some(default) = default.filter(|default| !default.contains(' ')) else { continue };
        assert_eq!(documented[&name], format!("`{default}`"), "{name}");
        compared += 1;
    }
    assert!(compared > 5, "only {compared}");
}

#[test]
fn every_variable_that_is_named_exists() {
    let known: BTreeSet<String> = settings().into_keys().collect();
    let mut texts = files();
    for line in texts["demo.env"].lines().filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let (name, _) = line.split_once('=').unwrap();
        assert!(known.contains(name), "demo.env: {name}");
    }
    texts.insert("deployment.md".to_owned(), page());
    let mut named = 0;
    for (file, text) in &texts {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in words.filter(|word| word.starts_with("LIVEOPS_")) {
            assert!(known.contains(word), "{file}: {word}");
            named += 1;
        }
    }
    assert!(named > 10, "only {named}");
}

/// With `--help` at the end, the demo parses the arguments and does nothing else.
#[test]
fn every_command_that_is_shown_is_understood() {
    let mut shown: Vec<(String, Vec<String>)> = Vec::new();
    let mut texts = files();
    texts.insert("deployment.md".to_owned(), page());
    for (file, text) in &texts {
        for line in text.lines() {
            shown.extend(commands(line).map(|command| (file.clone(), command)));
        }
    }
    for file in ["deployment.md", "compose.yaml", "Dockerfile", "demo-web@.service"] {
        assert!(shown.iter().any(|(shown_in, _)| shown_in == file), "no command in {file}");
    }
    for (file, arguments) in shown {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = demo(&[&arguments, &["--help"][..]].concat());
        assert!(output.status.success(), "{file}: {arguments:?}: {output:?}");
    }
}

/// Returns the arguments of the demo in a line: after its name in a shell or a unit, or in the lists of a
/// compose file and a Dockerfile.
fn commands(line: &str) -> impl Iterator<Item = Vec<String>> {
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    let in_list = ["command: [", "CMD ["].iter().find_map(|begin| {
        let (_, list) = line.split_once(begin)?;
        let (list, _) = list.split_once(']')?;
        Some(list.split(',').map(|item| item.trim().trim_matches('"').to_owned()).collect())
    });
    let in_shell = ["ExecStart=/usr/local/bin/demo ", "* * * demo "].iter().find_map(|begin| {
        let (_, arguments) = line.split_once(begin)?;
        Some(words(arguments))
    });
    let in_prose = line.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("demo "));
    let in_prose: Vec<Vec<String>> = in_prose.map(words).collect();
    let found = in_list.into_iter().chain(in_shell).chain(in_prose);
    found.filter(|arguments| COMMANDS.contains(&arguments[0].as_str()))
}
