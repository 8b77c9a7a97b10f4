//! Tests of the messages about the execution policy.

use expect_test::expect;

use super::says;

#[test]
fn max_attempts_of_zero() {
    says(
        r##"#[liveop(max_attempts = 0)] struct Import;"##,
        &expect![[r#"
            0
                `max_attempts` must be a whole number from 1 to 2147483647, found `0`
                help: write the maximum number of attempts, such as `max_attempts = 3`
        "#]],
    );
}

#[test]
fn count_below_zero() {
    says(
        r##"#[liveop(max_attempts = -3, version = 0)] struct Import;"##,
        &expect![[r#"
            -3
                `max_attempts` must be a whole number from 1 to 2147483647, found `-3`
                help: write the maximum number of attempts, such as `max_attempts = 3`
            0
                `version` must be a whole number from 1 to 2147483647, found `0`
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
                `max_attempts` must be a whole number from 1 to 2147483647, found `3usize`
                help: write the maximum number of attempts, such as `max_attempts = 3`
        "#]],
    );
}

#[test]
fn number_in_quotes() {
    says(
        r##"#[liveop(max_attempts = "3", priority = high)] struct Import;"##,
        &expect![[r#"
            "3"
                `max_attempts` expects a whole number, found `"3"`
                help: write `max_attempts = 3`
            high
                `priority` expects a whole number, found `high`
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
                `priority` must be a whole number from -2147483648 to 2147483647, found `3000000000`
                help: write `priority = 10` to start before others, `priority = -10` to start after others
        "#]],
    );
}

#[test]
fn queue_with_space() {
    says(
        r##"#[liveop(queue = "slow imports")] struct Import;"##,
        &expect![[r#"
            "slow imports"
                `queue` cannot be `slow imports`: it must start with a letter and consist of `a-z`, `0-9`, `_` and `-`
                help: write a name, such as `queue = "imports"`
        "#]],
    );
}

#[test]
fn timeout_in_bananas() {
    says(
        r##"#[liveop(timeout = "10 bananas")] struct Import;"##,
        &expect![[r#"
            "10 bananas"
                `timeout` has the unknown unit `bananas`
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
                `timeout` has the unknown unit `minuts`
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
                `timeout` has no unit, found `10`
                note: the units are `ms`, `s`, `sec`, `seconds`, `m`, `min`, `minutes`, `h`, `hours`, `d`, `days` and `weeks`
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
                `timeout` expects a duration in quotes, found `30`
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
                `timeout` must be greater than zero
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
                `timeout` must be in whole milliseconds
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
                `timeout` is too long, found `99999999999999999999 s`
                help: write `timeout = "10 min"`
        "#]],
    );
}

#[test]
fn durations_beyond_the_calendar() {
    says(
        r##"#[liveop(timeout = "36600 days", backoff = "1 s..36601 days")] struct Import;"##,
        &expect![[r#"
            "1 s..36601 days"
                `backoff` is too long, found `36601 days`
                note: the maximum is 36600 days
                help: write `backoff = "30 s"` for the same wait every time, or `backoff = "10 s..1 h"` for a wait that doubles from the first to the longest
        "#]],
    );
}

#[test]
fn timeout_without_number() {
    says(
        r##"#[liveop(timeout = "soon")] struct Import;"##,
        &expect![[r#"
            "soon"
                `timeout` must be a number with a unit, found `soon`
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
                `timeout` is empty
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
                `backoff` must not end with a shorter duration than it starts with
                help: write `backoff = "30 s"` for the same wait every time, or `backoff = "10 s..1 h"` for a wait that doubles from the first to the longest
        "#]],
    );
}

#[test]
fn backoff_with_one_side() {
    says(
        r##"#[liveop(backoff = "..10 s")] struct Import;"##,
        &expect![[r#"
            "..10 s"
                `backoff` needs a duration on both sides of `..`
                help: write `backoff = "30 s"` for the same wait every time, or `backoff = "10 s..1 h"` for a wait that doubles from the first to the longest
        "#]],
    );
}

#[test]
fn empty_backoff() {
    says(
        r##"#[liveop(backoff = "..")] struct Import;"##,
        &expect![[r#"
            ".."
                `backoff` is empty
                help: write `backoff = "30 s"` for the same wait every time, or `backoff = "10 s..1 h"` for a wait that doubles from the first to the longest
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
fn misspelt_on_shutdown() {
    says(
        r##"#[liveop(on_shutdown = "requeu")] struct Import;"##,
        &expect![[r#"
            "requeu"
                `on_shutdown` cannot be `requeu`
                help: did you mean `"requeue"`?
                note: the values are `"interrupt"` and `"requeue"`
        "#]],
    );
}

#[test]
fn unknown_on_shutdown() {
    says(
        r##"#[liveop(on_shutdown = "kill")] struct Import;"##,
        &expect![[r#"
            "kill"
                `on_shutdown` cannot be `kill`
                note: the values are `"interrupt"` and `"requeue"`
        "#]],
    );
}

#[test]
fn cancel_without_quotes() {
    says(
        r##"#[liveop(cancel = abort)] struct Import;"##,
        &expect![[r#"
            abort
                `cancel` expects a string literal, found `abort`
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
                note: the values are `"input"` and `"owner"`, or the path of a function that takes the operation and returns a `String`, without quotes
        "#]],
    );
}

#[test]
fn unique_without_quotes() {
    says(
        r##"#[liveop(unique = owner)] struct Import;"##,
        &expect![[r#"
            owner
                `unique` expects `owner` in quotes, because without quotes it names a function
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
                `unique` expects a string literal or the path of a function, found `5`
                help: write `unique = "input"`
        "#]],
    );
}
