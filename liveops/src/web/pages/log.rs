//! The log of an operation as text: all of it in bounded parts, or its end.

use std::mem;

use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat};
use futures_util::stream;
use serde::Deserialize;

use super::{
    list_query,
    page::{LoadedOperation, find},
};
use crate::{
    event::{Level, LogLine},
    language::{Language, Text},
    operation::{Attempt, OperationKind, OperationState},
    plain_text::{indent_further_lines, plain},
    render::{ShownLine, shown_log},
    runner::{Engine, LiveOps},
    store::{LoggedLines, Model, StoreError},
    web::{
        auth::viewer::Authenticated, delivery::catch_up::CatchUpState, error::WebError, state::Web,
    },
};

/// The lines of a log to show.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogFilter {
    /// The number of the attempt, as pages show it; `None` for all.
    pub(crate) attempt: Option<u64>,
    /// The lowest level.
    pub(crate) level: Level,
    /// A text that the line contains, in any case.
    pub(crate) search: Option<String>,
}

/// The log of an operation, read in parts of a bounded size.
#[derive(Debug)]
pub(crate) struct LogReader {
    liveops: LiveOps,
    kind: OperationKind,
    row: Model,
    /// The only attempt to read, as the row numbers it.
    attempt: Option<Attempt>,
    /// The number of the next line to read.
    from: u64,
    writer: LogWriter,
    rest: Rest,
}

/// The lines that are not in the database.
#[derive(Debug)]
enum Rest {
    Unknown,
    /// Read before the last lines of the database, so that none is missing between them.
    Known(Vec<LoggedLines>),
    Written,
}

impl LogReader {
    /// Begins to read a log. Returns `None` if the filter is for an attempt that does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn new(
        liveops: LiveOps,
        language: Language,
        (kind, row): (OperationKind, Model),
        filter: LogFilter,
    ) -> Result<Option<Self>, StoreError> {
        let over = liveops.store().attempt_numbers(&row).await?;
        let attempt = match filter.attempt {
            None => None,
            Some(number) => match attempt_of(&over, &row, number) {
                Some(attempt) => Some(attempt),
                None => return Ok(None),
            },
        };
        let writer = LogWriter {
            language,
            over,
            next: attempt.is_none().then_some(0),
            is_named: attempt.is_none() && row.attempt_number() > Attempt(1),
            named: None,
            filter,
        };
        Ok(Some(Self { liveops, kind, row, attempt, from: 0, writer, rest: Rest::Unknown }))
    }

    /// Returns the next part of the text; `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, StoreError> {
        loop {
            let page = self.liveops.store().log_page(&self.row, self.attempt, self.from).await?;
            self.from = page.last().map_or(self.from, |last| last.end);
            let lines = match (&mut self.rest, page.is_empty()) {
                (_, false) => page,
                (Rest::Unknown, true) => {
                    self.rest = Rest::Known(self.unwritten().await?);
                    continue;
                }
                (Rest::Known(rest), true) => {
                    let rest = mem::take(rest);
                    self.rest = Rest::Written;
                    rest
                }
                (Rest::Written, true) => return Ok(None),
            };
            let text = self.writer.text(lines);
            if !text.is_empty() {
                return Ok(Some(text));
            }
        }
    }

    /// Returns the lines of a running attempt that are not in the database.
    async fn unwritten(&self) -> Result<Vec<LoggedLines>, StoreError> {
        let newest = self.row.attempt_number();
        if self.attempt.is_some_and(|attempt| attempt != newest) {
            return Ok(Vec::new());
        }
        if let Some(chunks) =
            self.liveops.engine().active_runs.unwritten_log(self.row.operation_id())
        {
            let lines = chunks.iter().map(|chunk| {
                let lines = chunk.lines.iter().map(|line| LogLine::clone(line)).collect();
                LoggedLines::new(chunk.first, newest, lines)
            });
            return Ok(lines.collect());
        }
        if self.row.state() != OperationState::Started {
            return Ok(Vec::new());
        }
        // The run is in another process. Its newest lines are only in the state that the process published.
        let mut lines = published(self.liveops.engine(), &self.kind, &self.row).await?;
        let before = u64::try_from(self.row.log_from).unwrap_or(0);
        lines.first += before;
        lines.end += before;
        Ok(vec![lines])
    }
}

/// Returns the lines that another process published, numbered since the newest retry.
async fn published(
    engine: &Engine,
    kind: &OperationKind,
    row: &Model,
) -> Result<LoggedLines, StoreError> {
    let current = CatchUpState::load(engine, kind, row, None).await?;
    let (snapshot, _) = current.into_page(row.state());
    let shown = shown_log(&snapshot);
    let first = shown.first().map_or(0, |line| line.number);
    let lines = shown.into_iter().map(line_of).collect();
    Ok(LoggedLines::new(first, row.attempt_number(), lines))
}

fn line_of(shown: ShownLine) -> LogLine {
    let at = DateTime::parse_from_rfc3339(&shown.at).map_or(DateTime::UNIX_EPOCH, |at| at.to_utc());
    LogLine { at, level: Level::named(&shown.level).unwrap_or_default(), text: shown.text }
}

/// Returns the attempt with this number on pages, as the row numbers it.
fn attempt_of(over: &[Attempt], row: &Model, number: u64) -> Option<Attempt> {
    let before = usize::try_from(number.checked_sub(1)?).ok()?;
    let newest = Some(row.attempt_number()).filter(|newest| over.last() != Some(newest));
    over.get(before).copied().or_else(|| newest.filter(|_| before == over.len()))
}

/// Returns the end of the log of an operation as text, as its page shows it.
///
/// # Errors
///
/// Returns an error if the database fails.
#[cfg(feature = "cli")]
pub(crate) async fn log_tail(
    engine: &Engine,
    language: &Language,
    kind: &OperationKind,
    row: &Model,
) -> Result<String, StoreError> {
    let live = engine.active_runs.projection(row.operation_id());
    let lines = if live.is_none() && row.state() == OperationState::Started {
        published(engine, kind, row).await?
    } else {
        let tail = match live {
            Some(live) => live.log,
            None => engine.store.log_tail(row).await?,
        };
        let lines = tail.iter().map(|(_, line)| LogLine::clone(line)).collect();
        LoggedLines::new(tail.first_id(), row.attempt_number(), lines)
    };
    let mut writer = LogWriter {
        language: language.clone(),
        over: Vec::new(),
        next: Some(0),
        is_named: false,
        named: None,
        filter: LogFilter::default(),
    };
    Ok(writer.text(vec![lines]))
}

/// Writes lines as text, and between them the attempts and the number of lines that were left out.
#[derive(Debug)]
struct LogWriter {
    language: Language,
    filter: LogFilter,
    /// The attempts that are over, as the row numbers them.
    over: Vec<Attempt>,
    /// The number of the next line; `None` if the first line is not known.
    next: Option<u64>,
    /// `true` to write the numbers of the attempts.
    is_named: bool,
    /// The attempt of the lines before.
    named: Option<usize>,
}

impl LogWriter {
    fn text(&mut self, lines: Vec<LoggedLines>) -> String {
        let mut text = String::new();
        for LoggedLines { first, attempt, lines, .. } in
            lines.into_iter().filter(|it| !it.lines.is_empty())
        {
            let next = self.next.unwrap_or(first);
            if let Some(gap) = first.checked_sub(next).filter(|gap| *gap > 0) {
                let left_out =
                    self.language.translate_with(Text::LinesLeftOut, [("lines", gap.into())]);
                text.push_str(&format!("[{left_out}]\n"));
            }
            self.next = Some(next.max(first + lines.len() as u64));
            let known = usize::try_from(next.saturating_sub(first)).unwrap_or(usize::MAX);
            for line in lines.iter().skip(known) {
                if self.filter.matches(line) {
                    self.name(attempt, &mut text);
                    text.push_str(&text_line(line));
                }
            }
        }
        text
    }

    /// Writes the number of the attempt before its first line.
    fn name(&mut self, attempt: Attempt, text: &mut String) {
        let number = self.over.partition_point(|over| *over < attempt) + 1;
        if self.is_named && self.named != Some(number) {
            let number = [("number", (number as u64).into())];
            let name = self.language.translate_with(Text::AttemptNumber, number);
            text.push_str(&format!("[{name}]\n"));
        }
        self.named = Some(number);
    }
}

impl LogFilter {
    fn matches(&self, line: &LogLine) -> bool {
        let contains = |search: &String| plain(&line.text).to_lowercase().contains(search);
        line.level >= self.level && self.search.as_ref().is_none_or(contains)
    }
}

/// Returns an entry of the log. The text is not trusted: no part of the text may control the terminal that shows the
/// log, or look like another entry.
fn text_line(LogLine { at, level, text }: &LogLine) -> String {
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    format!("{at} {:<7} {}\n", level.as_str(), indent_further_lines(&plain(text)))
}

/// The query of a log. An empty field sets no filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct LogQuery {
    level: String,
    q: String,
    attempt: String,
    download: Option<String>,
}

impl LogQuery {
    fn filter(&self) -> Result<LogFilter, WebError> {
        let level = |level: String| {
            Level::named(&level).ok_or_else(|| {
                let found = format!("level: expected info, warning or error, found `{level}`");
                WebError::unreadable(found)
            })
        };
        let attempt = |attempt: String| attempt.parse().map_err(|_| WebError::not_found());
        Ok(LogFilter {
            attempt: list_query::text(&self.attempt).map(attempt).transpose()?,
            level: list_query::text(&self.level).map(level).transpose()?.unwrap_or_default(),
            search: list_query::text(&self.q).map(|search| search.to_lowercase()),
        })
    }
}

/// Answers with the log as text, in parts, so that a long log needs little memory.
pub(in crate::web) async fn log<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(path): Path<(String, String)>,
    query: Result<Query<LogQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let found = find(&web, &viewer, &path).await?;
        let Query(query) = query.map_err(|error| WebError::unreadable(error.body_text()))?;
        let name = query.download.is_some().then(|| file_name(&found));
        let language = web.renderer_for(&viewer).language().clone();
        let LoadedOperation { kind, row } = found;
        let reader = LogReader::new(web.liveops.clone(), language, (kind, row), query.filter()?);
        let mut reader = reader.await?.ok_or_else(WebError::not_found)?;
        // An error of the first part has an answer of its own.
        let first = reader.next().await?;
        let mut answer = body(first, reader).into_response();
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        answer.headers_mut().insert(header::CONTENT_TYPE, text);
        if let Some(name) = name.and_then(|name| disposition(&name).parse().ok()) {
            answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
        }
        Ok(answer)
    };
    answer.await.unwrap_or_else(|error: WebError| error.answer(&web, &viewer, &headers))
}

/// Returns the body of an answer that begins with `first`.
fn body(first: Option<String>, reader: LogReader) -> Body {
    let begun = first.map(|first| (Some(first), reader));
    Body::from_stream(stream::try_unfold(begun, |state| async {
        let Some((first, mut reader)) = state else { return Ok(None) };
        let part = match first {
            Some(first) => Some(first),
            None => reader.next().await.inspect_err(|error| {
                let (id, error) = (reader.row.operation_id(), error as &dyn std::error::Error);
                tracing::warn!(%id, error, "could not read the rest of a log; closing the connection");
            })?,
        };
        Ok::<_, StoreError>(part.map(|part| (part, Some((None, reader)))))
    }))
}

/// Returns the name of a file with the log: the type, the description and the ID of the operation.
fn file_name(LoadedOperation { row, .. }: &LoadedOperation) -> String {
    const DESCRIPTION_LEN_MAX: usize = 60;
    let description = row.description.as_deref().unwrap_or_default();
    let words = description.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    let words: String = words.join("-").chars().take(DESCRIPTION_LEN_MAX).collect();
    let separator = if words.is_empty() { "" } else { "-" };
    format!("{}-{words}{separator}{}.txt", row.op_type, row.operation_id())
}

/// Returns the header that has the browser save an answer under this name.
fn disposition(name: &str) -> String {
    let ascii: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_has_the_description_in_its_own_letters() {
        assert_eq!(
            disposition("demo.import-żółw-1.txt"),
            "attachment; filename=\"demo.import-___w-1.txt\"; \
             filename*=UTF-8''demo.import-%C5%BC%C3%B3%C5%82w-1.txt"
        );
    }

    fn line(level: Level, text: &str) -> LogLine {
        LogLine { at: DateTime::UNIX_EPOCH, level, text: text.to_owned() }
    }

    fn writer(filter: LogFilter) -> LogWriter {
        LogWriter {
            language: Language::default(),
            filter,
            over: vec![Attempt(1), Attempt(3)],
            next: Some(0),
            is_named: true,
            named: None,
        }
    }

    fn lines(first: u64, attempt: u32, texts: &[&str]) -> LoggedLines {
        let lines = texts.iter().map(|text| line(Level::Info, text)).collect();
        LoggedLines::new(first, Attempt(attempt), lines)
    }

    #[test]
    fn gaps_and_attempts_are_between_the_lines_and_known_lines_are_skipped() {
        let text = writer(LogFilter::default()).text(vec![
            lines(0, 1, &["a", "b"]),
            lines(1, 1, &["b", "c"]),
            lines(5, 3, &["f"]),
            lines(6, 4, &["g"]),
        ]);
        let text = text.replace("1970-01-01T00:00:00.000Z info    ", "");
        assert_eq!(
            text,
            "[Attempt 1]\na\nb\nc\n[2 lines left out]\n[Attempt 2]\nf\n[Attempt 3]\ng\n"
        );
    }

    #[test]
    fn a_filter_has_a_lowest_level_and_a_text_in_any_case() {
        let filter = |level, search: &str| LogFilter {
            level,
            search: Some(search.to_owned()),
            ..LogFilter::default()
        };
        let warning = line(Level::Warning, "\u{1b}[31mRow\u{1b}[0m 7 is EMPTY");
        assert!(filter(Level::Info, "row 7 is empty").matches(&warning));
        assert!(filter(Level::Warning, "").matches(&warning));
        assert!(!filter(Level::Error, "").matches(&warning));
        assert!(!filter(Level::Info, "row 8").matches(&warning));
    }
}
