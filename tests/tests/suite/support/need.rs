use std::env;

/// What a test needs of the machine, as `cargo xtask test` put it into the environment.
///
/// `None`, with a note, tells the test to step aside.
///
/// # Panics
///
/// When it is not there and `LIVEOPS_TEST_REQUIRE=all` says that it must be.
#[track_caller]
pub(crate) fn need(what: &str, variable: &str) -> Option<String> {
    let value = use_if_there(what, variable);
    let required = env::var("LIVEOPS_TEST_REQUIRE").as_deref() == Ok("all");
    assert!(value.is_some() || !required, "no {what}: {variable} is not set");
    value
}

/// The same for what not every machine can have, so that it is never required.
pub(crate) fn use_if_there(what: &str, variable: &str) -> Option<String> {
    let value = env::var(variable).ok();
    if value.is_none() {
        eprintln!("left out, no {what}: {variable} is not set; `cargo xtask test` sets it");
    }
    value
}
