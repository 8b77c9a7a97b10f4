use std::{sync::Arc, time::Duration};

use chrono::{SecondsFormat, Utc};
use maud::{Markup, html};

use crate::{
    event::{Bar, LogLine, Measure, StageState},
    operation::{OperationId, OperationState},
    projection::{Attempts, Projection},
};

/// The state in a word, and Cancel while there is something to cancel, Retry when there is not.
pub(super) fn controls(url: &str, projection: &Projection) -> Markup {
    html! {
        (badge(projection.state))
        (attempts(projection))
        @if projection.state.is_terminal() {
            (action(url, "restart", "Retry", true))
        } @else if projection.cancel_requested {
            (action(url, "cancel", "Cancelling…", false))
        } @else {
            (action(url, "cancel", "Cancel", true))
        }
    }
}

/// Which attempt this is, and in how long it is made, where it is not the first. Not among what is
/// read out when it changes: a page counts the seconds.
fn attempts(projection: &Projection) -> Markup {
    let Attempts { number, max, starts_on } = projection.attempts;
    html! {
        @if projection.attempts.is_another() && !projection.state.is_terminal() {
            span class="op-attempts" {
                "Attempt " (number) " of " (max)
                @if let Some(on) = starts_on {
                    @let wait = (on - Utc::now()).to_std().unwrap_or_default();
                    ", next try in "
                    time datetime=(on.to_rfc3339_opts(SecondsFormat::Millis, true)) data-liveop-countdown {
                        (short(wait))
                    }
                }
            }
        }
    }
}

/// The state of an operation, in a word and a colour.
pub(super) fn badge(state: OperationState) -> Markup {
    html! { span class="liveops-badge" data-state=(state) { (state_in_words(state)) } }
}

fn action(url: &str, name: &str, label: &str, enabled: bool) -> Markup {
    // Not `disabled`, which would take the focus from whoever has just pressed it; to ask twice does
    // no harm.
    html! {
        form class={ "op-" (name) } method="post" action={ (url) (name) } data-liveop-action {
            button type="submit" aria-disabled=[(!enabled).then_some("true")] { (label) }
        }
    }
}

pub(super) fn stages(labels: &[&str], states: &[StageState]) -> Markup {
    html! {
        @if !labels.is_empty() {
            ol {
                @for (label, state) in labels.iter().zip(states) {
                    @let shown = state.plain();
                    @let reused = *state == StageState::Reused;
                    li class="op-stage" data-state=(shown.as_str()) data-reused[reused]
                        aria-current=[(*state == StageState::Active).then_some("step")] {
                        span class="op-stage-name" { (label) }
                        " "
                        span class="op-hidden" { "(" (shown.as_str()) ")" }
                        @if reused { " " span class="op-stage-note" { "(reused)" } }
                    }
                }
            }
        }
    }
}

pub(super) fn status(projection: &Projection) -> Markup {
    html! {
        @match &projection.status {
            Some(status) => p data-level=(status.level.as_str()) { (status.text) },
            None => p data-level="info" { (state_in_words(projection.state)) },
        }
    }
}

/// What an operation in this state is doing.
pub(super) fn state_in_words(state: OperationState) -> &'static str {
    match state {
        OperationState::NotStarted => "Waiting to start",
        OperationState::Started => "Running",
        OperationState::FinishedOk => "Finished",
        OperationState::FinishedError => "Failed",
        OperationState::Cancelled => "Cancelled",
    }
}

pub(super) fn progress(projection: &Projection) -> Markup {
    let Some(bar) = &projection.bar else { return html! {} };
    let percent = bar.fraction().map(|fraction| (fraction * 1000.0).round() / 10.0);
    html! {
        @match percent {
            Some(percent) => progress max="100" value=(percent) aria-label="Progress" { (percent) " %" },
            None => progress max="100" aria-label="Progress" {},
        }
        span class="op-progress-text" { (bar_text(bar, percent)) }
    }
}

/// `rows: 1,200 of 20,000 rows · 6 % · 400/s · 47 s left`, as far as it is known.
fn bar_text(bar: &Bar, percent: Option<f64>) -> String {
    let mut parts = Vec::new();
    if let Measure::Count { done, total } = bar.measure {
        let unit = bar.unit.as_deref().map(|unit| format!(" {unit}")).unwrap_or_default();
        let of = total.map(|total| format!(" of {}", grouped(total))).unwrap_or_default();
        parts.push(format!("{}{of}{unit}", grouped(done)));
    }
    parts.extend(percent.map(|percent| format!("{percent:.0} %")));
    parts.extend(bar.rate().map(|rate| format!("{}/s", grouped(rate.round() as u64))));
    parts.extend(bar.eta().filter(|eta| !eta.is_zero()).map(|eta| format!("{} left", short(eta))));
    let text = parts.join(" · ");
    match &bar.label {
        Some(label) => format!("{label}: {text}"),
        None => text,
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The two largest units of a duration: `1 h 5 min`, `2 min 10 s`, `8 s`.
fn short(duration: Duration) -> String {
    let seconds = duration.as_secs().max(1);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, min, s) => format!("{min} min {s} s"),
        (h, min, _) => format!("{h} h {min} min"),
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
                " " (line.text)
            }
        }
    }
}

/// Where it goes on, for whoever opens the page after it went there by itself.
pub(super) fn way_on(projection: &Projection) -> Markup {
    html! {
        @if let Some(next) = &projection.next {
            p class="op-next" { "Continued in " a href=(next.url) { (next.title) } }
        } @else if let Some(url) = &projection.success_url {
            p class="op-next" { a href=(url) { "Continue" } }
        }
    }
}

pub(super) fn error(message: &str) -> Markup {
    html! { p class="op-error" role="alert" { (message) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        for (seconds, text) in [(0, "1 s"), (59, "59 s"), (130, "2 min 10 s"), (3_900, "1 h 5 min")]
        {
            assert_eq!(short(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn the_bar_says_as_much_as_is_known() {
        let bar = |measure, elapsed| Bar {
            measure,
            label: Some("Reading".into()),
            unit: Some("rows".into()),
            elapsed: Duration::from_secs(elapsed),
        };
        let half = bar(Measure::Count { done: 1_000, total: Some(2_000) }, 10);
        assert_eq!(
            bar_text(&half, Some(50.0)),
            "Reading: 1,000 of 2,000 rows · 50 % · 100/s · 10 s left"
        );
        let young = bar(Measure::Count { done: 7, total: None }, 0);
        assert_eq!(bar_text(&young, None), "Reading: 7 rows");
    }
}
