//! What the README shows is what there is.

const README: &str = include_str!("../../../README.md");
const MINIMAL: &str = include_str!("../../../examples/minimal/src/main.rs");
const CI: &str = include_str!("../../../.ci/run");

#[test]
fn the_quick_start_is_the_smallest_example() {
    let (program, _tests) = MINIMAL.split_once("\n#[cfg(test)]").unwrap();
    let shown = format!("```rust\n{}\n```", program.trim_end());
    assert!(README.contains(&shown), "examples/minimal/src/main.rs is not what the README shows");
}

#[test]
fn what_the_readme_shows_is_compiled() {
    // That one is an example, which is a package; another one has to be compiled somehow, too.
    assert_eq!(README.matches("```rust").count(), 1);
}

#[test]
fn the_smallest_example_is_under_sixty_lines() {
    assert!(MINIMAL.lines().count() < 60, "{} lines", MINIMAL.lines().count());
}

/// An earlier cargo command would fetch crates that the tests then find.
#[test]
fn ci_runs_the_test_command_of_the_readme_before_any_other_cargo_command() {
    let commands = README.split("## Test it").nth(1).unwrap();
    let command = commands.split("```sh\n").nth(1).unwrap().lines().next().unwrap();
    let runs_cargo = |line: &&str| {
        !line.trim_start().starts_with('#') && line.split_whitespace().any(|word| word == "cargo")
    };
    let first = CI.lines().find(runs_cargo).unwrap();
    assert!(first.ends_with(command), "`{command}` is not the first cargo command, `{first}` is");
}
