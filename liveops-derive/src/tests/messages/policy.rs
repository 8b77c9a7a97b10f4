//! What is said about how operations are run.

use expect_test::expect;

use super::says;

#[test]
fn max_attempts_of_zero() {
    says(
        r##"#[liveop(max_attempts = 0)] struct Import;"##,
        &expect![[r#"
        0
            `max_attempts` is a whole number from 1 to 2147483647, found `0`
            help: write how often the operation may be run in all, as in `max_attempts = 3`
    "#]],
    );
}

#[test]
fn count_below_zero() {
    says(
        r##"#[liveop(max_attempts = -3, version = 0)] struct Import;"##,
        &expect![[r#"
        -3
            `max_attempts` is a whole number from 1 to 2147483647, found `-3`
            help: write how often the operation may be run in all, as in `max_attempts = 3`
        0
            `version` is a whole number from 1 to 2147483647, found `0`
            help: write `version = 2` for the second shape of the input
    "#]],
    );
}

#[test]
fn count_with_a_suffix() {
    says(
        r##"#[liveop(max_attempts = 3usize)] struct Import;"##,
        &expect![[r#"
        3usize
            `max_attempts` is a whole number from 1 to 2147483647, found `3usize`
            help: write how often the operation may be run in all, as in `max_attempts = 3`
    "#]],
    );
}

#[test]
fn number_in_quotes() {
    says(
        r##"#[liveop(max_attempts = "3", priority = high)] struct Import;"##,
        &expect![[r#"
        "3"
            `max_attempts` takes a whole number, found `"3"`
            help: write `max_attempts = 3`
        high
            `priority` takes a whole number, found `high`
            help: write `priority = 1`
    "#]],
    );
}

#[test]
fn priority_out_of_range() {
    says(
        r##"#[liveop(priority = 3_000_000_000)] struct Import;"##,
        &expect![[r#"
        3_000_000_000
            the priority is a whole number from -2147483648 to 2147483647, found `3000000000`
            help: write `priority = 10` to go before others, `priority = -10` to go after them
    "#]],
    );
}

#[test]
fn queue_with_space() {
    says(
        r##"#[liveop(queue = "slow imports")] struct Import;"##,
        &expect![[r#"
        "slow imports"
            `slow imports` cannot be the queue: its name is written with `a-z`, `0-9`, `_` and `-`, and starts with a letter
            help: write a name, as in `queue = "imports"`
    "#]],
    );
}

#[test]
fn timeout_in_bananas() {
    says(
        r##"#[liveop(timeout = "10 bananas")] struct Import;"##,
        &expect![[r#"
        "10 bananas"
            the timeout has the unknown unit `bananas`
            note: the units are `ms`, `s`, `sec`, `seconds`, `m`, `min`, `minutes`, `h`, `hours`, `d`, `days` and `weeks`
            help: write `timeout = "10 min"`
    "#]],
    );
}

#[test]
fn timeout_with_misspelt_unit() {
    says(
        r##"#[liveop(timeout = "10 minuts")] struct Import;"##,
        &expect![[r#"
        "10 minuts"
            the timeout has the unknown unit `minuts`
            help: did you mean `minutes`?
            note: the units are `ms`, `s`, `sec`, `seconds`, `m`, `min`, `minutes`, `h`, `hours`, `d`, `days` and `weeks`
            help: write `timeout = "10 min"`
    "#]],
    );
}

#[test]
fn timeout_without_unit() {
    says(
        r##"#[liveop(timeout = "10")] struct Import;"##,
        &expect![[r#"
        "10"
            the timeout has no unit: `10` of what?
            help: write `timeout = "10 min"`
    "#]],
    );
}

#[test]
fn timeout_as_number() {
    says(
        r##"#[liveop(timeout = 30)] struct Import;"##,
        &expect![[r#"
        30
            `timeout` takes a length of time in quotes, found `30`
            help: write `timeout = "30 s"`
    "#]],
    );
}

#[test]
fn timeout_of_nothing() {
    says(
        r##"#[liveop(timeout = "0 s")] #[stages("Load")] struct Import;"##,
        &expect![[r#"
        "0 s"
            the timeout is zero, and nothing can be done in no time
            help: write `timeout = "10 min"`
    "#]],
    );
}

#[test]
fn timeout_too_fine() {
    says(
        r##"#[liveop(timeout = "10 us")] struct Import;"##,
        &expect![[r#"
        "10 us"
            the timeout is given more finely than in milliseconds
            help: write `timeout = "10 min"`
    "#]],
    );
}

#[test]
fn timeout_too_long() {
    says(
        r##"#[liveop(timeout = "99999999999999999999 s")] struct Import;"##,
        &expect![[r#"
        "99999999999999999999 s"
            the timeout is `99999999999999999999 s`, which is too long
            help: write `timeout = "10 min"`
    "#]],
    );
}

#[test]
fn timeout_without_number() {
    says(
        r##"#[liveop(timeout = "soon")] struct Import;"##,
        &expect![[r#"
        "soon"
            the timeout is `soon`, which is no number with a unit
            help: write `timeout = "10 min"`
    "#]],
    );
}

#[test]
fn empty_timeout() {
    says(
        r##"#[liveop(timeout = " ")] struct Import;"##,
        &expect![[r#"
        " "
            the timeout is empty
            help: write `timeout = "10 min"`
    "#]],
    );
}

#[test]
fn backoff_that_shrinks() {
    says(
        r##"#[liveop(backoff = "1 h..10 s")] struct Import;"##,
        &expect![[r#"
        "1 h..10 s"
            the backoff ends with a wait that is shorter than the first one
            help: write the same wait every time as `backoff = "30 s"`, and one that doubles from the first to the longest as `backoff = "10 s..1 h"`
    "#]],
    );
}

#[test]
fn backoff_with_one_side() {
    says(
        r##"#[liveop(backoff = "..10 s")] struct Import;"##,
        &expect![[r#"
        "..10 s"
            the backoff has a wait on one side of `..` only
            help: write the same wait every time as `backoff = "30 s"`, and one that doubles from the first to the longest as `backoff = "10 s..1 h"`
    "#]],
    );
}

#[test]
fn empty_backoff() {
    says(
        r##"#[liveop(backoff = "..")] struct Import;"##,
        &expect![[r#"
        ".."
            the backoff is empty
            help: write the same wait every time as `backoff = "30 s"`, and one that doubles from the first to the longest as `backoff = "10 s..1 h"`
    "#]],
    );
}

#[test]
fn misspelt_cancel() {
    says(
        r##"#[liveop(cancel = "abrot")] struct Import;"##,
        &expect![[r#"
        "abrot"
            `cancel` cannot be `abrot`
            help: did you mean `"abort"`?
            note: the values are `"cooperative"` and `"abort"`
    "#]],
    );
}

#[test]
fn unknown_cancel() {
    says(
        r##"#[liveop(cancel = "kill")] struct Import;"##,
        &expect![[r#"
        "kill"
            `cancel` cannot be `kill`
            note: the values are `"cooperative"` and `"abort"`
    "#]],
    );
}

#[test]
fn cancel_without_quotes() {
    says(
        r##"#[liveop(cancel = abort)] struct Import;"##,
        &expect![[r#"
        abort
            `cancel` takes a string literal, found `abort`
            help: write `cancel = "abort"`
    "#]],
    );
}

#[test]
fn misspelt_unique() {
    says(
        r##"#[liveop(unique = "inputs")] struct Import;"##,
        &expect![[r#"
        "inputs"
            `unique` cannot be `inputs`
            help: did you mean `"input"`?
            note: the values are `"input"` and `"owner"`, or the path of a function that takes the operation and gives a `String`, without quotes
    "#]],
    );
}

#[test]
fn unique_without_quotes() {
    says(
        r##"#[liveop(unique = owner)] struct Import;"##,
        &expect![[r#"
        owner
            `unique` takes `owner` in quotes: without them it is a function
            help: write `unique = "owner"`
    "#]],
    );
}

#[test]
fn number_for_unique() {
    says(
        r##"#[liveop(unique = 5)] struct Import;"##,
        &expect![[r#"
        5
            `unique` takes a string literal or the path of a function, found `5`
            help: write `unique = "input"`
    "#]],
    );
}
