//! Bodies with files. The first byte chooses the route.
#![no_main]

use libfuzzer_sys::fuzz_target;
use liveops::axum::http::header::CONTENT_TYPE;
use liveops_fuzz::with_app;

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let route = if choice & 1 == 0 { "/live/fuzz.everything/" } else { "/live/fuzz.plain/" };
    let media = if choice & 2 == 0 {
        "multipart/form-data; boundary=b"
    } else {
        "multipart/form-data; boundary=\"b b\"; charset=utf-8"
    };
    with_app(|app| app.request("POST", route, &[(CONTENT_TYPE, media)], body));
});
