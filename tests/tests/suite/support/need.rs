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
    let value = env::var(variable).ok();
    if value.is_none() {
        let note = format!("no {what}: {variable} is not set; `cargo xtask test` sets it");
        assert!(env::var("LIVEOPS_TEST_REQUIRE").as_deref() != Ok("all"), "{note}");
        eprintln!("left out, {note}");
    }
    value
}
