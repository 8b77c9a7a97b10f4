//! Queries of the list, of users and of staff, as page and as JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use liveops::axum::http::{HeaderName, header::ACCEPT};
use liveops_fuzz::with_app;

fuzz_target!(|data: &[u8]| {
    let Some((choice, query)) = data.split_first() else { return };
    // In the form in which a browser sends any bytes; the fuzzer finds the separators.
    let mut uri = "/live/?".to_owned();
    for byte in query {
        if byte.is_ascii_graphic() && !b"#<>\"{}|\\^`".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push_str(&format!("%{byte:02x}"));
        }
    }
    let staff = (HeaderName::from_static("x-staff"), "1");
    let json = (ACCEPT, "application/json");
    let headers = match choice & 3 {
        0 => vec![],
        1 => vec![staff],
        2 => vec![json],
        _ => vec![staff, json],
    };
    with_app(|app| app.request("GET", &uri, &headers, b""));
});
