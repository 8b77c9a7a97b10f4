//! Cursors of channels and of pages of a list, and the names of channels.
#![no_main]

use libfuzzer_sys::fuzz_target;
use liveops::{ChannelName, OperationId, channel::Cursor, store::PageCursor};
use liveops_fuzz::with_app;

fuzz_target!(|text: &str| {
    // A parsed value keeps its value when it is written and parsed again.
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse::<Cursor>().ok(), Some(cursor));
    }
    if let Ok(cursor) = text.parse::<PageCursor>() {
        let written = cursor.to_string();
        let again = written.parse::<PageCursor>().expect("it was written");
        assert_eq!(again.to_string(), written);
    }
    if let Ok(channel) = text.parse::<ChannelName>() {
        assert_eq!(channel.to_string(), text);
    }
    if let Ok(id) = text.parse::<OperationId>() {
        assert_eq!(id.to_string().parse::<OperationId>().ok(), Some(id));
    }
    let uri = format!("/live/?next={text}&previous={text}");
    with_app(|app| app.request("GET", &uri, &[], b""));
});
