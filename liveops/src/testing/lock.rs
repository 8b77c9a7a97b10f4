//! The comparison of the shapes of operations with a lock file.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::ErrorKind,
    path::Path,
};

use crate::runner::Shapes;

/// The environment variable that makes a test write the file.
const VARIABLE: &str = "LIVEOPS_LOCK";

const HEADER: &str = "\
# The shapes of the operations that this application stores. A test compares them with the code.
# Written by the test: LIVEOPS_LOCK=overwrite cargo test
";

/// Compares the shapes of the registered operations with a file, such as `liveops.lock`, that is checked in next to the
/// code. With the feature `testing`.
///
/// The first argument is the path of the file, relative to the manifest of the crate. The second one is a
/// [`Builder`](crate::runner::Builder) with every operation of the application. The test fails if an input, an output or
/// the stages of an operation have another shape than in the file, shows the difference, and says what to do: raise
/// `version`, and name the earlier input with `before`. With the environment variable `LIVEOPS_LOCK=overwrite`, the test
/// writes the file. The test needs no database.
///
/// The shape of a type is what serde reads: the names of fields and variants after renaming, in their order, with the
/// types of their values, through all nested types. A type that serde reads as a text, such as a date, is a `text`. An
/// untagged enum and a `serde_json::Value` are `any`, and a struct with `#[serde(flatten)]` is a map of `any`: their parts
/// are not compared. Neither are `#[serde(default)]`, and the meaning of a value.
///
/// ```
/// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, runner::Builder};
/// # use serde::{Deserialize, Serialize};
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(app = "demo")]
/// struct Import {
///     file: String,
/// }
/// # impl Run for Import {
/// #     type Output = u32;
/// #     async fn run(&self, _: Progress<Self>) -> RunResult<u32> {
/// #         Ok(0)
/// #     }
/// # }
///
/// /// Every operation of the application, for `main` and for the tests.
/// fn operations<S>(builder: Builder<S>) -> Builder<S> {
///     builder.register::<Import>()
/// }
///
/// // #[test]
/// fn stored_shapes_have_not_changed() {
///     let db = Default::default();
///     liveops::testing::assert_shapes!("liveops.lock", operations(LiveOps::builder(db)));
/// }
/// ```
///
/// # Panics
///
/// Panics if the shapes differ from those in the file, or if the file cannot be read or written.
#[macro_export]
macro_rules! assert_shapes {
    ($path:expr, $builder:expr $(,)?) => {
        $crate::testing::lock::assert_matches(
            ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", $path),
            &$builder.shapes(),
        )
    };
}

pub use assert_shapes;

/// Compares the shapes with a file, as [`assert_shapes`](crate::testing::assert_shapes) does.
#[doc(hidden)]
#[track_caller]
pub fn assert_matches(path: &str, shapes: &Shapes) {
    let path = Path::new(path);
    let current = format!("{HEADER}{shapes}");
    if env::var(VARIABLE).is_ok_and(|value| value == "overwrite") {
        let written = fs::write(path, current);
        return written.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }
    let locked = match fs::read_to_string(path) {
        Ok(locked) => locked,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "{} does not exist; write it with `{VARIABLE}=overwrite cargo test`, and check it in",
            path.display()
        ),
        Err(error) => panic!("cannot read {}: {error}", path.display()),
    };
    // Git may write other line ends.
    if let Some(difference) = difference(&locked.replace('\r', ""), &current) {
        panic!(
            "the operations differ from {}\n{difference}\n\n{VARIABLE}=overwrite cargo test  writes the file",
            path.display()
        );
    }
}

/// The lines below each heading of one operation. The version is a heading of its own.
type Sections<'a> = BTreeMap<&'a str, Vec<&'a str>>;

fn operations(lock: &str) -> BTreeMap<&str, Sections<'_>> {
    let mut operations: BTreeMap<&str, Sections<'_>> = BTreeMap::new();
    let (mut op_type, mut heading) = ("", "");
    let lines = lock.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    for line in lines {
        if let Some(named) = line.strip_prefix('[') {
            op_type = named.trim_end_matches(']');
            operations.entry(op_type).or_default();
        } else if let Some(line) = line.strip_prefix("    ") {
            operations.entry(op_type).or_default().entry(heading).or_default().push(line);
        } else {
            heading = line;
            operations.entry(op_type).or_default().entry(heading).or_default();
        }
    }
    operations
}

fn version(sections: &Sections<'_>) -> u32 {
    let version = sections.keys().find_map(|heading| heading.strip_prefix("version "));
    version.and_then(|version| version.parse().ok()).unwrap_or(0)
}

/// Describes the difference between a lock file and the current shapes, with advice for each operation.
fn difference(locked: &str, current: &str) -> Option<String> {
    let (locked, current) = (operations(locked), operations(current));
    let op_types: BTreeSet<&str> = locked.keys().chain(current.keys()).copied().collect();
    let differences = op_types.into_iter().filter_map(|op_type| {
        let difference = match (locked.get(op_type), current.get(op_type)) {
            (None, _) => "  is new: write the file".to_owned(),
            (_, None) => "  is no longer registered: write the file, once none of these operations is waiting or \
                          running"
                .to_owned(),
            (Some(locked), Some(current)) => changes(op_type, locked, current)?,
        };
        Some(format!("\n{op_type}\n{difference}"))
    });
    let differences: String = differences.collect();
    (!differences.is_empty()).then_some(differences)
}

fn changes(op_type: &str, locked: &Sections<'_>, current: &Sections<'_>) -> Option<String> {
    let (before, now) = (version(locked), version(current));
    let headings: BTreeSet<&str> = locked.keys().chain(current.keys()).copied().collect();
    let changed: Vec<&str> = headings
        .into_iter()
        .filter(|heading| locked.get(heading) != current.get(heading))
        .filter(|heading| !heading.starts_with("version "))
        .collect();
    if changed.is_empty() && before == now {
        return None;
    }
    let mut text = String::new();
    if before != now {
        text += &format!("  - version {before}\n  + version {now}\n");
    }
    for heading in &changed {
        text += &format!("    {heading}\n");
        let before = locked.get(heading).map_or(&[][..], Vec::as_slice);
        text += &line_changes(before, current.get(heading).map_or(&[], Vec::as_slice));
    }
    let own = |version: u32| format!("input of version {version}");
    let is_changed = |version: u32| {
        let heading = own(version);
        let both = locked.contains_key(&*heading) && current.contains_key(&*heading);
        both && changed.contains(&&*heading)
    };
    let name = op_type.rsplit('.').next().unwrap_or(op_type);
    let advice = if let Some(version) = (1..now).find(|version| is_changed(*version)) {
        format!(
            "The type of version {version} does not have the shape with which this version was stored: give it that \
             shape again."
        )
    } else if now < before {
        format!("The version is lower than before: raise it to {} at least.", before + 1)
    } else if is_changed(now) {
        let next = now + 1;
        format!(
            "Processes that run now have stored version {now} with the shape in the file. Write `version = {next}` in \
             `#[liveop(…)]` of `{name}`, keep the earlier struct with `#[derive(EarlierInput)]` and `#[liveop(version = \
             {now})]`, and name it with `before`. If version {now} was never deployed, write the file."
        )
    } else if before == now {
        format!(
            "Processes of both versions show and run these operations during a deployment. Write `version = {}` if a \
             process with the shape in the file must leave new operations to the others; then, or if it need not, write \
             the file.",
            now + 1
        )
    } else if !current.contains_key(&*own(before)) {
        format!(
            "Operations of version {before} would wait for ever, once no process of that version runs: name its input \
             with `before`. Without any such operation, write the file."
        )
    } else {
        "The version was raised: write the file.".to_owned()
    };
    Some(format!("{text}  {advice}\n"))
}

/// Returns the lines that were removed and added, each with its neighbours in their order.
fn line_changes(before: &[&str], now: &[&str]) -> String {
    // The longest common subsequence, from the end.
    let mut common = vec![vec![0_usize; now.len() + 1]; before.len() + 1];
    for (i, old) in before.iter().enumerate().rev() {
        for (j, new) in now.iter().enumerate().rev() {
            common[i][j] = match old == new {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, String::new());
    while i < before.len() || j < now.len() {
        let (sign, line) = match (before.get(i), now.get(j)) {
            (Some(old), Some(new)) if old == new => {
                (i, j) = (i + 1, j + 1);
                (' ', old)
            }
            (Some(old), new) if new.is_none() || common[i + 1][j] >= common[i][j + 1] => {
                i += 1;
                ('-', old)
            }
            (_, Some(new)) => {
                j += 1;
                ('+', new)
            }
            (_, None) => break,
        };
        text += &format!("  {sign}     {line}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const LOCKED: &str = "\
# A comment.

[demo.export]
version 1
input of version 1
output
    unit
stages

[demo.import]
version 2
input of version 1
    file: text
input of version 2
    file: text
    rows: u32?
output
    saved: u64
stages
    \"Load\"
    \"Save\"
";

    #[track_caller]
    fn after(change: &[(&str, &str)], expected: &Expect) {
        let current = change.iter().fold(LOCKED.to_owned(), |lock, (from, to)| {
            assert!(lock.contains(from), "{from}");
            lock.replacen(from, to, 1)
        });
        expected.assert_eq(&difference(LOCKED, &current).unwrap_or_default());
    }

    #[test]
    fn equal_shapes_pass() {
        after(&[], &expect![""]);
        after(&[("# A comment.\n\n", "")], &expect![""]);
    }

    #[test]
    fn a_changed_input_asks_for_a_version() {
        after(
            &[("    rows: u32?\n", "    rows: u64?\n    separator: char\n")],
            &expect![[r#"

                demo.import
                    input of version 2
                        file: text
                  -     rows: u32?
                  +     rows: u64?
                  +     separator: char
                  Processes that run now have stored version 2 with the shape in the file. Write `version = 3` in `#[liveop(…)]` of `import`, keep the earlier struct with `#[derive(EarlierInput)]` and `#[liveop(version = 2)]`, and name it with `before`. If version 2 was never deployed, write the file.
            "#]],
        );
    }

    #[test]
    fn a_raised_version_asks_for_the_file() {
        after(
            &[
                ("version 2\n", "version 3\n"),
                ("    rows: u32?\n", "    rows: u32?\ninput of version 3\n    rows: u64\n"),
            ],
            &expect![[r#"

                demo.import
                  - version 2
                  + version 3
                    input of version 3
                  +     rows: u64
                  The version was raised: write the file.
            "#]],
        );
    }

    #[test]
    fn a_raised_version_without_the_earlier_one_asks_for_before() {
        after(
            &[("version 2\n", "version 3\n"), ("input of version 2\n", "input of version 3\n")],
            &expect![[r#"

                demo.import
                  - version 2
                  + version 3
                    input of version 2
                  -     file: text
                  -     rows: u32?
                    input of version 3
                  +     file: text
                  +     rows: u32?
                  Operations of version 2 would wait for ever, once no process of that version runs: name its input with `before`. Without any such operation, write the file.
            "#]],
        );
    }

    #[test]
    fn an_earlier_input_keeps_its_shape() {
        after(
            &[("    file: text\n", "    path: text\n")],
            &expect![[r#"

                demo.import
                    input of version 1
                  -     file: text
                  +     path: text
                  The type of version 1 does not have the shape with which this version was stored: give it that shape again.
            "#]],
        );
    }

    #[test]
    fn a_changed_output_and_changed_stages_are_shown() {
        after(
            &[("    saved: u64\n", ""), ("    \"Save\"\n", "    \"Validate\"\n    \"Save\"\n")],
            &expect![[r#"

                demo.import
                    output
                  -     saved: u64
                    stages
                        "Load"
                  +     "Validate"
                        "Save"
                  Processes of both versions show and run these operations during a deployment. Write `version = 3` if a process with the shape in the file must leave new operations to the others; then, or if it need not, write the file.
            "#]],
        );
    }

    #[test]
    fn new_and_removed_operations_and_lower_versions_are_named() {
        after(
            &[("demo.export", "demo.exports"), ("version 2\n", "version 1\n")],
            &expect![[r#"

                demo.export
                  is no longer registered: write the file, once none of these operations is waiting or running
                demo.exports
                  is new: write the file
                demo.import
                  - version 2
                  + version 1
                  The version is lower than before: raise it to 3 at least.
            "#]],
        );
    }
}
