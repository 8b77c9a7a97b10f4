//! The log lines of a run, parsed from the HTML of its log region. For a run in another process the HTML is
//! the only source until the run ends.

use std::{borrow::Cow, iter};

use super::Fragment;
use crate::projection::Region;

/// A log line as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownLine {
    /// The number of the line in the log, from 0.
    pub(crate) number: u64,
    /// The time of the line, with milliseconds.
    pub(crate) at: String,
    pub(crate) level: String,
    /// The text without ANSI sequences.
    pub(crate) text: String,
}

/// Returns the log lines in a snapshot.
pub(crate) fn shown_log(snapshot: &[Fragment]) -> Vec<ShownLine> {
    let log = snapshot.iter().filter(|fragment| fragment.region == Region::Log);
    log.flat_map(|fragment| fragment.html.split(LINE).skip(1).filter_map(read)).collect()
}

/// The beginning of every line. The text of a line contains no `<`, because `<` is escaped.
const LINE: &str = "<div id=\"op-log-";

/// Parses the output of [`log_lines`](super::region::log_lines) after the beginning of a line.
fn read(line: &str) -> Option<ShownLine> {
    let (id, _) = line.split_once('"')?;
    let (_, number) = id.rsplit_once('-')?;
    Some(ShownLine {
        number: number.parse().ok()?,
        at: between(line, "datetime=\"", "\"")?,
        level: between(line, "data-level=\"", "\"")?,
        text: between(line, "</time> ", "</div>")?,
    })
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    let (found, _) = rest.split_once(end)?;
    Some(unescape(&without_tags(found)))
}

/// Removes the tags of styles. A `<` of the text is escaped.
fn without_tags(html: &str) -> Cow<'_, str> {
    if !html.contains('<') {
        return Cow::Borrowed(html);
    }
    let mut parts = html.split('<');
    let first = parts.next().unwrap_or_default();
    let texts = parts.map(|part| part.split_once('>').map_or("", |(_, text)| text));
    Cow::Owned(iter::once(first).chain(texts).collect())
}

/// Reverts the escaping of maud. The ampersand is last because maud escapes it first.
fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{DateTime, SecondsFormat};
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{
        event::{Level, LogLine},
        operation::OperationId,
        plain_text::without_sequences,
        render::region::log_lines,
    };

    fn lines() -> impl Strategy<Value = Vec<LogLine>> {
        let level = prop_oneof![Just(Level::Info), Just(Level::Warning), Just(Level::Error)];
        // Mostly markup and its escapes.
        let text =
            "([<>&\"; /a-z]|&lt;|&amp;|</div>|<div id=\"op-log-|\u{1b}\\[[0-9;]{0,4}m|\\PC){0,20}";
        let line = (0_i64..4_102_444_800_000, level, text).prop_map(|(ms, level, text)| LogLine {
            at: DateTime::from_timestamp_millis(ms).unwrap(),
            level,
            text,
        });
        vec(line, 0..5)
    }

    proptest! {
        #[test]
        fn logged_lines_are_parsed_from_the_page(lines in lines(), first in 0_u64..2_000) {
            let numbered: Vec<_> = (first..).zip(lines.into_iter().map(Arc::new)).collect();
            let id = OperationId::new();
            let html = log_lines(id, numbered.iter().map(|(number, line)| (*number, line))).0;
            let snapshot = [
                Fragment::replace(Region::Status, "<p>"),
                Fragment::replace(Region::Log, ""),
                Fragment::append(Region::Log, numbered.len() as u32, html),
            ];
            let expected: Vec<_> = numbered
                .iter()
                .map(|(number, line)| ShownLine {
                    number: *number,
                    at: line.at.to_rfc3339_opts(SecondsFormat::Millis, true),
                    level: line.level.as_str().to_owned(),
                    text: without_sequences(&line.text).into_owned(),
                })
                .collect();
            prop_assert_eq!(shown_log(&snapshot), expected);
        }
    }
}
