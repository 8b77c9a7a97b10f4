//! What liveops.js does with what it is told, in a page without a browser: `tests/js`.

use std::process::Command;

use crate::support::need::need;

#[test]
fn liveops_js_keeps_its_unit_tests() {
    let Some(node) = need("node", "LIVEOPS_TEST_NODE") else { return };
    let output = Command::new(node)
        .args(["--test", "--test-reporter=tap"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/js"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", complaints(&said));
    let passed = said.lines().find_map(|line| line.strip_prefix("# pass ")?.parse::<u32>().ok());
    assert!(passed > Some(0), "no test was found:\n{said}");
}

/// Of the lines of every test those of the tests that failed.
fn complaints(said: &str) -> String {
    let mut failed = false;
    let is_told = |line: &&str| {
        if line.trim_start().starts_with("not ok ") {
            failed = true;
        } else if line.starts_with(['#', 'o']) {
            failed = false;
        }
        failed
    };
    let lines: Vec<_> = said.lines().filter(is_told).collect();
    if lines.is_empty() { said.to_owned() } else { lines.join("\n") }
}
