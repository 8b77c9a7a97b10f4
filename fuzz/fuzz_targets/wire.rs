//! Messages of a client over the WebSocket.
#![no_main]

use libfuzzer_sys::fuzz_target;
use liveops::__private::is_client_message;

fuzz_target!(|text: &str| {
    if is_client_message(text) {
        // Every message is an object with a type.
        let message: serde_json::Value = serde_json::from_str(text).expect("it was parsed");
        let kind = message["type"].as_str().expect("a type");
        assert!(["subscribe", "unsubscribe", "ack", "pong"].contains(&kind), "{kind}");
    }
});
