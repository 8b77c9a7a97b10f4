//! Places in a text, as a language server counts them: lines, and bytes in a line, from 0.

use serde_json::{Value, json};

pub(super) fn place_of(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    json!({ "line": before.matches('\n').count(), "character": offset - line_start })
}

pub(super) fn offset_of(text: &str, place: &Value) -> usize {
    let number = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
    let lines_before = text.split_inclusive('\n').take(number("line"));
    lines_before.map(str::len).sum::<usize>() + number("character")
}
