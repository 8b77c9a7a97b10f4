//! Bodies of forms and JSON. The first byte chooses the route and the media type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use liveops::axum::http::header::{ACCEPT, CONTENT_TYPE};
use liveops_fuzz::with_app;

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let route = match choice & 3 {
        0 => "/live/fuzz.everything/",
        1 => "/live/fuzz.plain/",
        2 => "/live/bulk",
        _ => "/live/token",
    };
    let media =
        if choice & 4 == 0 { "application/x-www-form-urlencoded" } else { "application/json" };
    let accept = if choice & 8 == 0 { "text/html" } else { "application/json" };
    let headers = [(CONTENT_TYPE, media), (ACCEPT, accept)];
    with_app(|app| app.request("POST", route, &headers, body));
});
