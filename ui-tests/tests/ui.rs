//! What the derive accepts, and what it says when it does not.
//!
//! The messages are those of the compiler that `rust-toolchain.toml` names. After a change on
//! purpose: `TRYBUILD=overwrite cargo test -p liveops-ui-tests`, and read the difference.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("cases/*/pass/*.rs");
    cases.compile_fail("cases/*/fail/*.rs");
}
