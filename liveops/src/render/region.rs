//! The HTML of the built-in regions.

use std::{sync::Arc, time::Duration};

use chrono::{SecondsFormat, Utc};
use maud::{Markup, html};

use crate::{
    event::{Bar, LinkedOperation, LogLine, Measure, StageState},
    language::{Language, Text},
    operation::{AwaitedVersion, OperationId, OperationKind, OperationState},
    plain_text::{self, Color, Style, StyledPart},
    projection::{Attempts, Projection},
};

/// Renders the state badge with Cancel before the end, or Retry after it. Retry of an operation that has finished asks
/// first.
pub(super) fn controls(language: &Language, url: &str, projection: &Projection) -> Markup {
    html! {
        (badge(language, projection.state))
        (attempts(language, projection))
        @if projection.state == OperationState::FinishedOk {
            // Asks first, without a script too: the operation succeeded.
            details class="op-confirm" {
                summary { (language.translate(Text::Retry)) }
                p { (language.translate(Text::RetryQuestion)) }
                (action(url, "retry", &language.translate(Text::RunAgain), true))
            }
        } @else if projection.state.is_terminal() {
            (action(url, "retry", &language.translate(Text::Retry), true))
        } @else if projection.cancel_requested {
            (action(url, "cancel", &language.translate(Text::Cancelling), false))
        } @else {
            (action(url, "cancel", &language.translate(Text::Cancel), true))
        }
    }
}

/// Renders the number of the attempt and the time until its start, from the second attempt on, and the number
/// of shutdowns that interrupted the operation. The element is
/// outside the live region for screen readers, because the page counts the seconds.
fn attempts(language: &Language, projection: &Projection) -> Markup {
    let Attempts { number, max, hand_backs, starts_on } = projection.attempts;
    html! {
        @let is_shown = projection.attempts.is_another() || hand_backs > 0;
        @if is_shown && !projection.state.is_terminal() {
            span class="op-attempts" {
                (language.translate_with(Text::AttemptOf, [("number", number.into()), ("max", max.into())]))
                @if let Some(on) = starts_on {
                    @let wait = (on - Utc::now()).to_std().unwrap_or_default();
                    (language.translate(Text::NextAttemptIn)) " "
                    time datetime=(on.to_rfc3339_opts(SecondsFormat::Millis, true)) data-liveop-countdown {
                        (language.duration(wait.max(Duration::from_secs(1))))
                    }
                }
                @if hand_backs > 0 {
                    " · " (language.translate_with(Text::HandBacks, [("count", hand_backs.into())]))
                }
            }
        }
    }
}

/// Renders the state of an operation as a coloured badge.
pub(super) fn badge(language: &Language, state: OperationState) -> Markup {
    badge_of(state, &language.translate(state_in_words(state)))
}

/// Renders a badge with a text of its own and the colour of a state.
pub(super) fn badge_of(color: OperationState, text: &str) -> Markup {
    html! {
        span class="liveops-badge" data-state=(color) { (text) }
    }
}

fn action(url: &str, name: &str, label: &str, enabled: bool) -> Markup {
    // Not `disabled`, which would take the focus from the pressed button. A second request is harmless.
    html! {
        form class={ "op-" (name) } method="post" action={ (url) (name) } data-liveop-action {
            button type="submit" aria-disabled=[(!enabled).then_some("true")] { (label) }
        }
    }
}

pub(super) fn stages(language: &Language, kind: &OperationKind, states: &[StageState]) -> Markup {
    html! {
        @if !kind.stages.is_empty() {
            ol {
                @for (label, state) in language.stages(kind).iter().zip(states) {
                    @let shown = state.plain();
                    @let reused = *state == StageState::Reused;
                    li class="op-stage" data-state=(shown.as_str()) data-reused[reused]
                        aria-current=[(*state == StageState::Active).then_some("step")] {
                        span class="op-stage-name" { (label) }
                        " "
                        span class="op-hidden" { "(" (language.translate(stage_state_in_words(shown))) ")" }
                        @if reused {
                            " "
                            span class="op-stage-note" { "(" (language.translate(Text::StageReused)) ")" }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn status(language: &Language, projection: &Projection) -> Markup {
    html! {
        @if let Some(status) = &projection.status {
            p data-level=(status.level.as_str()) { (status.text) }
        }
        @if let Some(awaited) = projection.awaits {
            p data-level="info" { (language.translate(awaited_in_words(awaited))) }
        } @else if projection.status.is_none() {
            p data-level="info" { (language.translate(state_in_words(projection.state))) }
        }
    }
}

/// Returns the text for an operation that waits for another version of the application.
pub(crate) const fn awaited_in_words(awaited: AwaitedVersion) -> Text {
    match awaited {
        AwaitedVersion::Newer => Text::WaitsForNewerVersion,
        AwaitedVersion::Earlier => Text::WaitsForEarlierVersion,
    }
}

/// Returns the text for a state.
pub(super) const fn state_in_words(state: OperationState) -> Text {
    match state {
        OperationState::NotStarted => Text::NotStarted,
        OperationState::Started => Text::Started,
        OperationState::FinishedOk => Text::FinishedOk,
        OperationState::FinishedError => Text::FinishedError,
        OperationState::Cancelled => Text::Cancelled,
    }
}

pub(crate) const fn stage_state_in_words(state: StageState) -> Text {
    match state {
        StageState::Pending => Text::StagePending,
        StageState::Active => Text::StageActive,
        StageState::Done => Text::StageDone,
        StageState::Reused => Text::StageReused,
        StageState::Failed => Text::StageFailed,
        StageState::Cancelled => Text::StageCancelled,
    }
}

pub(super) fn progress(language: &Language, projection: &Projection) -> Markup {
    let Some(bar) = &projection.bar else { return html! {} };
    let percent = bar.fraction().map(|fraction| percent(fraction, 10.0));
    html! {
        @match percent {
            Some(percent) => progress max="100" value=(percent) aria-label=(language.translate(Text::Progress)) {
                (language.translate_with(Text::Percent, [("percent", percent.into())]))
            },
            None => progress max="100" aria-label=(language.translate(Text::Progress)) {},
        }
        span class="op-progress-text" {
            @if projection.state.is_terminal() { (stopped_at(language, bar)) }
            @else { (bar_text(language, bar)) }
        }
    }
}

/// Formats the bar as far as it is known: `rows: 1,200 of 20,000 rows · 6 % · 400/s · 47 s left`.
pub(crate) fn bar_text(language: &Language, bar: &Bar) -> String {
    labelled(language, bar, [amount(language, bar), pace(language, bar)].concat())
}

/// Formats the bar of a run that failed or was stopped: `rows: Stopped at 64 of 1,033 rows · 6 %`.
pub(crate) fn stopped_at(language: &Language, bar: &Bar) -> String {
    let position = amount(language, bar).join(" · ");
    let text = language.translate_with(Text::StoppedAt, [("position", position.into())]);
    labelled(language, bar, vec![text])
}

/// Formats a bar that no longer moves: the position without rate and remaining time.
#[cfg(any(feature = "cli", test))]
pub(crate) fn stopped_bar_text(language: &Language, bar: &Bar) -> String {
    labelled(language, bar, amount(language, bar))
}

/// Returns a percentage, rounded to `1 / steps` percent. Only the end is 100 %.
fn percent(fraction: f64, steps: f64) -> f64 {
    let rounded = (fraction * 100.0 * steps).round() / steps;
    if fraction < 1.0 { rounded.min(100.0 - 1.0 / steps) } else { rounded }
}

fn amount(language: &Language, bar: &Bar) -> Vec<String> {
    let mut parts = Vec::new();
    if let Measure::Count { done, total } = bar.measure {
        let unit = bar.unit.as_deref().map(|unit| format!(" {unit}")).unwrap_or_default();
        let count = match total {
            Some(total) => {
                let args = [("done", done.into()), ("total", total.into())];
                language.translate_with(Text::DoneOfTotal, args)
            }
            None => language.number(done as f64),
        };
        parts.push(format!("{count}{unit}"));
    }
    let percent = bar.fraction().map(|fraction| percent(fraction, 1.0));
    parts.extend(
        percent
            .map(|percent| language.translate_with(Text::Percent, [("percent", percent.into())])),
    );
    parts
}

/// The page does not show a longer time, because the rate so far cannot predict it.
const TIME_LEFT_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

fn pace(language: &Language, bar: &Bar) -> Vec<String> {
    let rate = bar
        .rate()
        .map(|rate| language.translate_with(Text::PerSecond, [("rate", rate.round().into())]));
    let left = bar.eta().filter(|eta| !eta.is_zero() && *eta <= TIME_LEFT_MAX).map(|eta| {
        // Below one second more precision is of no use.
        let time = language.duration(eta.max(Duration::from_secs(1)));
        language.translate_with(Text::TimeLeft, [("time", time.into())])
    });
    rate.into_iter().chain(left).collect()
}

fn labelled(language: &Language, bar: &Bar, parts: Vec<String>) -> String {
    let text = parts.join(" · ");
    match &bar.label {
        Some(label) => language
            .translate_with(Text::Labelled, [("label", (**label).into()), ("text", text.into())]),
        None => text,
    }
}

pub(super) fn log_lines<'a>(
    id: OperationId,
    lines: impl Iterator<Item = (u64, &'a Arc<LogLine>)>,
) -> Markup {
    html! {
        @for (number, line) in lines {
            div id={ "op-log-" (id) "-" (number) } class="op-log-line" data-level=(line.level.as_str()) {
                time datetime=(line.at.to_rfc3339_opts(SecondsFormat::Millis, true)) {
                    (line.at.format("%H:%M:%S"))
                }
                " " (log_text(&line.text))
            }
        }
    }
}

/// Renders the text of a log line, with the styles of its ANSI sequences. A style does not change the level of
/// the line.
fn log_text(text: &str) -> Markup {
    html! {
        @for StyledPart { style, text } in plain_text::parts(text) {
            @let text = plain_text::escape_controls(text);
            @if style == Style::default() { (text) } @else {
                span class=(style_classes(style)) { (text) }
            }
        }
    }
}

fn style_classes(style: Style) -> String {
    let Style { is_bold, is_dim, is_italic, is_underlined, color } = style;
    let names = [
        is_bold.then_some("bold"),
        is_dim.then_some("dim"),
        is_italic.then_some("italic"),
        is_underlined.then_some("underlined"),
        color.map(Color::as_str),
    ];
    let classes: Vec<String> =
        names.into_iter().flatten().map(|name| format!("op-ansi-{name}")).collect();
    classes.join(" ")
}

/// Renders the link to the next page, for a viewer who opens the page after the browser was redirected.
pub(super) fn next_link(language: &Language, projection: &Projection) -> Markup {
    html! {
        @if let Some(next) = &projection.next {
            p class="op-next" { (language.translate(Text::ContinuedIn)) " " (link(next)) }
        } @else if let Some(url) = &projection.success_url {
            p class="op-next" { a href=(url) { (language.translate(Text::Continue)) } }
        }
    }
}

/// Renders a link to an operation.
pub(super) fn link(operation: &LinkedOperation) -> Markup {
    html! {
        a href=(operation.url) { (operation.title) }
        @if let Some(description) = &operation.description { ": " bdi { (description) } }
    }
}

pub(super) fn error(message: &str) -> Markup {
    html! { p class="op-error" role="alert" { (message) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Ending, Event, Level};

    fn bar(measure: Measure, elapsed: u64) -> Bar {
        Bar {
            measure,
            label: Some("Reading".into()),
            unit: Some("rows".into()),
            elapsed: Duration::from_secs(elapsed),
        }
    }

    #[test]
    fn a_bar_shows_no_time_left_after_the_end() {
        let mut projection = Projection::new(0);
        projection.apply(Event::Started);
        let half = bar(Measure::Count { done: 1_000, total: Some(2_000) }, 10);
        projection.apply(Event::Bar(Some(half)));
        let shown = |projection: &Projection| progress(&Language::default(), projection).0;
        assert!(shown(&projection).contains("50 % · 100/s · 10 s left"), "{}", shown(&projection));
        for ending in [Ending::Cancelled, Ending::Failed("broken".into())] {
            let mut projection = projection.clone();
            projection.apply(Event::Ended(ending));
            let shown = shown(&projection);
            assert!(
                shown.contains(">Reading: Stopped at 1,000 of 2,000 rows · 50 %</span>"),
                "{shown}"
            );
        }
    }

    #[test]
    fn a_retry_asks_first_if_the_operation_has_finished() {
        let shown = |ending: Option<Ending>| {
            let mut projection = Projection::new(0);
            projection.apply(Event::Started);
            projection.apply(ending.map_or(Event::Started, Event::Ended));
            controls(&Language::default(), "/live/demo.x/1/", &projection).0
        };
        let form = "<form class=\"op-retry\" method=\"post\" action=\"/live/demo.x/1/retry\"";
        let finished = shown(Some(Ending::Finished(serde_json::json!(1).into())));
        let (_, folded) = finished.split_once("<details class=\"op-confirm\">").unwrap();
        assert!(folded.starts_with("<summary>Retry</summary>"), "{folded}");
        assert!(folded.contains("The result stays") && folded.contains(form));
        for ending in [Ending::Cancelled, Ending::Failed("broken".into())] {
            let html = shown(Some(ending));
            assert!(html.contains(form) && !html.contains("<details"), "{html}");
        }
        assert!(!shown(None).contains("op-retry"));
    }

    #[test]
    fn colours_of_a_log_line_are_classes_and_leave_its_level_alone() {
        let text = "\u{1b}[1;31m<b>failed\u{1b}[0m tests \u{1b}[2K\u{7}\r\n\u{1b}[35mx";
        let line =
            LogLine { at: chrono::DateTime::UNIX_EPOCH, level: Level::Info, text: text.into() };
        let html = log_lines(uuid::Uuid::nil().into(), [(0, &Arc::new(line))].into_iter()).0;
        let (_, shown) = html.split_once("</time> ").unwrap();
        assert_eq!(
            shown,
            "<span class=\"op-ansi-bold op-ansi-red\">&lt;b&gt;failed</span> tests \\u{7}\n\
             <span class=\"op-ansi-magenta\">x</span></div>"
        );
        assert!(html.contains("data-level=\"info\""), "{html}");
    }

    #[test]
    fn the_bar_shows_everything_known() {
        let half = bar(Measure::Count { done: 1_000, total: Some(2_000) }, 10);
        assert_eq!(
            bar_text(&Language::default(), &half),
            "Reading: 1,000 of 2,000 rows · 50 % · 100/s · 10 s left"
        );
        assert_eq!(
            stopped_bar_text(&Language::default(), &half),
            "Reading: 1,000 of 2,000 rows · 50 %"
        );
        // The percentage is rounded once.
        let begun = bar(Measure::Count { done: 74, total: Some(5_000) }, 0);
        assert_eq!(bar_text(&Language::default(), &begun), "Reading: 74 of 5,000 rows · 1 %");
        let nearly = bar(Measure::Count { done: 996, total: Some(1_000) }, 0);
        assert_eq!(bar_text(&Language::default(), &nearly), "Reading: 996 of 1,000 rows · 99 %");
        let ended = bar(Measure::Count { done: 1_000, total: Some(1_000) }, 0);
        assert_eq!(bar_text(&Language::default(), &ended), "Reading: 1,000 of 1,000 rows · 100 %");
        let young = bar(Measure::Count { done: 7, total: None }, 0);
        assert_eq!(bar_text(&Language::default(), &young), "Reading: 7 rows");
    }

    #[cfg(feature = "i18n")]
    #[test]
    fn the_bar_is_in_the_language_of_the_viewer() {
        let polish = crate::language::Languages::new().find("pl");
        let written =
            bar_text(&polish, &bar(Measure::Count { done: 1_000, total: Some(20_000) }, 10));
        assert_eq!(written, "Reading: 1000 z 20\u{a0}000 rows · 5% · 100/s · pozostało 3 min 10 s");
    }
}
