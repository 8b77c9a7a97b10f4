//! The log of an operation as text.

use chrono::SecondsFormat;

use crate::{
    language::{Language, Text},
    operation::{OperationKind, OperationState},
    plain_text::{indent_further_lines, plain},
    render::shown_log,
    runner::Engine,
    store::{Model, StoreError},
    web::delivery::catch_up::CatchUpState,
};

/// Returns the log of an operation as text: the retained lines while the operation runs, afterwards the lines
/// in its row.
pub(crate) async fn log_text(
    engine: &Engine,
    language: &Language,
    kind: &OperationKind,
    row: &Model,
) -> Result<String, StoreError> {
    let live = engine.active_runs.projection(row.operation_id());
    if live.is_none() && row.state() == OperationState::Started {
        // The run is in another process. Its log lines are only in the state that the process published.
        let current = CatchUpState::load(engine, kind, row, None).await?;
        let (snapshot, _) = current.into_page(row.state());
        let lines = shown_log(&snapshot);
        let first = lines.first().map_or(0, |line| line.number);
        let lines = lines.iter().map(|line| text_line(&line.at, &line.level, &line.text));
        return Ok(text_lines(language, first, lines));
    }
    let log = live.unwrap_or_else(|| row.projection(kind)).log;
    let lines = log.iter().map(|(_, line)| {
        let at = line.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        text_line(&at, line.level.as_str(), &line.text)
    });
    Ok(text_lines(language, log.first_id(), lines))
}

fn text_lines(language: &Language, first: u64, lines: impl Iterator<Item = String>) -> String {
    let gone = || language.translate_with(Text::LinesGone, [("lines", first.into())]);
    let gap = (first > 0).then(|| format!("[{}]\n", gone()));
    gap.into_iter().chain(lines).collect()
}

/// Returns an entry of the log. The text is not trusted: no part of the text may control the terminal that shows the
/// log, or look like another entry.
fn text_line(at: &str, level: &str, text: &str) -> String {
    format!("{at} {level:<7} {}\n", indent_further_lines(&plain(text)))
}
