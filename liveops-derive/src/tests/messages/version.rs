//! Tests of the messages about the version before an input.

use expect_test::{Expect, expect};

use super::{described, says};
use crate::{errors::Errors, model::earlier::EarlierInput};

#[track_caller]
fn says_of_earlier(item: &str, expected: &Expect) {
    let mut errors = Errors::new();
    EarlierInput::check(syn::parse_str(item).unwrap(), &mut errors);
    expected.assert_eq(&described(errors.check().unwrap_err()));
}

#[test]
fn before_without_version() {
    says(
        r##"#[liveop(before = v1::Import<T>)] struct Import;"##,
        &expect![[r#"
        v1::Import<T>
            `before` needs `version`
            help: add `version = 2` if this is the second version of the input
    "#]],
    );
}

#[test]
fn before_the_first_version() {
    says(
        r##"#[liveop(version = 1, before = ImportV0)] struct Import;"##,
        &expect![[r#"
        1
            `version` must be at least 2 with `before`, because no version is before the first
            help: write `version = 2` for the second version of the input
    "#]],
    );
}

#[test]
fn before_a_wrong_version() {
    says(
        r##"#[liveop(version = 0, before = ImportV0)] struct Import;"##,
        &expect![[r#"
        0
            `version` must be a whole number from 1 to 2147483647, found `0`
            help: write `version = 2` for the second shape of the input
    "#]],
    );
}

#[test]
fn gap_without_before() {
    says(
        r##"#[liveop(version = 3, gap)] struct Import;"##,
        &expect![[r#"
        gap
            `gap` needs `before`
            help: name the type of the last version before the gap, such as `before = ImportV1`
    "#]],
    );
}

#[test]
fn before_in_quotes() {
    says(
        r##"#[liveop(version = 2, before = "ImportV1")] struct Import;"##,
        &expect![[r#"
        "ImportV1"
            `before` expects a type, found `"ImportV1"`
            help: write `before = ImportV1`
    "#]],
    );
}

#[test]
fn earlier_input_without_version() {
    says_of_earlier(
        r##"struct ImportV1 { file: String }"##,
        &expect![[r#"
        ImportV1
            an earlier input needs its version
            help: add `#[liveop(version = 1)]` if this was the first version of the input
    "#]],
    );
}

#[test]
fn earlier_input_with_the_keys_of_an_operation() {
    says_of_earlier(
        r##"#[liveop(version = 1, queue = "mail")] struct ImportV1;"##,
        &expect![[r#"
        queue
            unknown key `queue` in `#[liveop(…)]`
            note: the keys are `version`, `before`, `gap` and `crate`
    "#]],
    );
}

#[test]
fn earlier_input_in_a_wrong_chain() {
    says_of_earlier(
        r##"#[liveop(before = ImportV1, gap)] struct ImportV2;"##,
        &expect![[r#"
        ImportV2
            an earlier input needs its version
            help: add `#[liveop(version = 1)]` if this was the first version of the input
    "#]],
    );
}
