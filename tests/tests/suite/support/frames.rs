//! Frames as they may come from anybody.

use proptest::{collection::vec, prelude::*, sample::select};
use tokio_tungstenite::tungstenite::{
    Bytes, Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

/// What a message may say: good, nearly good, and nothing like it.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        select(GOOD.as_slice()).prop_map(str::to_owned),
        (select(GOOD.as_slice()), any::<prop::sample::Index>(), any::<char>()).prop_map(replaced),
        (select(GOOD.as_slice()), any::<prop::sample::Index>()).prop_map(cut),
        (select(GOOD.as_slice()), select(GOOD.as_slice())).prop_map(|(a, b)| format!("{a}{b}")),
        (select(TYPES.as_slice()), fields()).prop_map(|(kind, fields)| object(kind, &fields)),
        (select(NESTS.as_slice()), 1_usize..20_000).prop_map(nested),
        ".*",
    ]
}

const GOOD: [&str; 6] = [
    r#"{"type":"subscribe","token":"a.b.c"}"#,
    r#"{"type":"subscribe","token":"a.b.c","since":"1.0000000a:2"}"#,
    r#"{"type":"unsubscribe","channel":"liveops.owner.ann"}"#,
    r#"{"type":"unsubscribe","channel":"liveop.00000000-0000-7000-8000-000000000000"}"#,
    r#"{"type":"ack","channel":"liveops.owner.ann","cursor":"1.0000000a:2"}"#,
    r#"{"type":"pong"}"#,
];

const TYPES: [&str; 8] = [
    r#""subscribe""#,
    r#""unsubscribe""#,
    r#""ack""#,
    r#""pong""#,
    r#""ping""#,
    "null",
    "0",
    r#"["pong"]"#,
];

const NAMES: [&str; 8] =
    ["type", "token", "since", "channel", "cursor", "id", "__proto__", "\\u0000"];

const VALUES: [&str; 18] = [
    "null",
    "true",
    "-0",
    "1e309",
    "123456789012345678901234567890",
    "NaN",
    "[]",
    "{}",
    r#""""#,
    r#""\u0000""#,
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\x00""#,
    r#""pong""#,
    r#""a.b.c""#,
    r#""liveops.owner.""#,
    r#""18446744073709551616.00000001:99999999999999999999""#,
    r#""4294967295.ffffffff:18446744073709551615""#,
];

const NESTS: [(&str, &str); 3] =
    [("[", "]"), ("{\"type\":", "}"), ("{\"type\":\"pong\",\"x\":", "}")];

fn fields() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    vec((select(NAMES.as_slice()), select(VALUES.as_slice())), 0..5)
}

/// With names that may come twice, which a map could not have.
fn object(kind: &str, fields: &[(&str, &str)]) -> String {
    let fields: String =
        fields.iter().map(|(name, value)| format!(",\"{name}\":{value}")).collect();
    format!("{{\"type\":{kind}{fields}}}")
}

fn replaced((text, at, by): (&str, prop::sample::Index, char)) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at.index(chars.len());
    chars[at] = by;
    chars.into_iter().collect()
}

fn cut((text, at): (&str, prop::sample::Index)) -> String {
    text[..at.index(text.len())].to_owned()
}

fn nested(((open, close), depth): ((&str, &str), usize)) -> String {
    let depth = depth.min(60_000 / open.len());
    format!("{}0{}", open.repeat(depth), close.repeat(depth.min(4_000 / close.len())))
}

/// Messages as they go over the wire: whole, in pieces, or of another kind.
pub(crate) fn messages() -> impl Strategy<Value = Vec<Message>> {
    prop_oneof![
        6 => texts().prop_map(|text| vec![Message::text(text)]),
        2 => (texts(), any::<prop::sample::Index>()).prop_map(in_two_pieces),
        1 => vec(any::<u8>(), 0..100).prop_map(|bytes| vec![Message::binary(bytes)]),
        1 => vec(any::<u8>(), 1..100).prop_map(|bytes| vec![frame(bytes, OpCode::Data(Data::Text), true)]),
        1 => vec(any::<u8>(), 0..100)
            .prop_map(|bytes| vec![frame(bytes, OpCode::Data(Data::Continue), true)]),
        1 => vec(any::<u8>(), 0..126).prop_map(|bytes| vec![Message::Ping(bytes.into())]),
        1 => vec(any::<u8>(), 0..126).prop_map(|bytes| vec![Message::Pong(bytes.into())]),
    ]
}

/// At any byte, so also within a character.
fn in_two_pieces((text, at): (String, prop::sample::Index)) -> Vec<Message> {
    let bytes = text.as_bytes();
    let (first, second) = bytes.split_at(if bytes.is_empty() { 0 } else { at.index(bytes.len()) });
    in_frames([first, second])
}

/// One text message, a frame for each piece.
pub(crate) fn in_frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Message> {
    let mut pieces = pieces.into_iter().enumerate().peekable();
    let mut frames = Vec::new();
    while let Some((at, piece)) = pieces.next() {
        let code = OpCode::Data(if at == 0 { Data::Text } else { Data::Continue });
        frames.push(frame(piece.to_vec(), code, pieces.peek().is_none()));
    }
    frames
}

fn frame(bytes: Vec<u8>, code: OpCode, is_last: bool) -> Message {
    Message::Frame(Frame::message(Bytes::from(bytes), code, is_last))
}
