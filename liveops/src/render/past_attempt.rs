//! The attempts of an operation that are over: the folded list on its page, and the page of one of them.

use std::time::Duration;

use maud::{Markup, html};

use super::{
    Renderer, Subject,
    region::{badge_of, error, log_lines, stage_state_in_words, state_in_words, stopped_at},
};
use crate::{
    language::{Language, Text},
    operation::{AttemptOutcome, OperationState},
    projection::{PastAttempt, PastAttemptDetails, StageRecord},
};

impl Renderer {
    /// Renders the earlier attempts of an operation, folded, the newest first. Empty without any.
    pub(crate) fn earlier_attempts(&self, subject: &Subject, attempts: &[PastAttempt]) -> Markup {
        html! {
            @if !attempts.is_empty() {
                details {
                    summary { (self.language.translate(Text::EarlierAttempts)) }
                    ol class="op-earlier" {
                        @for attempt in attempts.iter().rev() {
                            li {
                                (self.attempt_link(subject, attempt))
                                " " (badge(&self.language, attempt.outcome))
                                " " (self.time(attempt.started_on))
                                " · " (self.language.duration(took(attempt)))
                                @if let Some(bar) = stopped_bar(&self.language, attempt) { " · " (bar) }
                                @if let Some(message) = &attempt.error { p { (message) } }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Renders the attempts of an operation that are over, with their workers.
    pub(super) fn staff_attempts(&self, subject: &Subject, attempts: &[PastAttempt]) -> Markup {
        const COLUMNS: [Text; 6] =
            [Text::Attempt, Text::State, Text::StartedOn, Text::EndedOn, Text::Took, Text::Worker];
        let translate = |text| self.language.translate(text);
        html! {
            @if !attempts.is_empty() {
                table class="liveops-table" {
                    thead { tr { @for text in COLUMNS { th scope="col" { (translate(text)) } } } }
                    tbody {
                        @for attempt in attempts {
                            tr {
                                th scope="row" { (self.attempt_link(subject, attempt)) }
                                td { (badge(&self.language, attempt.outcome)) }
                                td data-label=(translate(Text::StartedOn)) { (self.time(attempt.started_on)) }
                                td data-label=(translate(Text::EndedOn)) { (self.time(attempt.ended_on)) }
                                td data-label=(translate(Text::Took)) { (self.language.duration(took(attempt))) }
                                td data-label=(translate(Text::Worker)) {
                                    @if let Some(worker) = &attempt.worker { (worker) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Renders everything that was kept of an attempt: the worker and the traceback only with `is_staff`.
    pub(crate) fn past_attempt(
        &self,
        subject: &Subject,
        past: &PastAttemptDetails,
        is_staff: bool,
    ) -> Markup {
        let PastAttemptDetails { attempt, stages, traceback, log, result } = past;
        let template = subject.kind.result_template;
        let text = |text: &str| html! { (text) };
        let facts = [
            (Text::State, Some(badge(&self.language, attempt.outcome))),
            (Text::StartedOn, Some(self.time(attempt.started_on))),
            (Text::EndedOn, Some(self.time(attempt.ended_on))),
            (Text::Took, Some(html! { (self.language.duration(took(attempt))) })),
            (Text::Progress, stopped_bar(&self.language, attempt).as_deref().map(text)),
            (Text::Worker, attempt.worker.as_deref().filter(|_| is_staff).map(text)),
        ];
        let url = self.url(subject.kind.op_type, subject.id);
        html! {
            p { a href=(url) { (self.language.title(&subject.kind)) } }
            h1 { (self.attempt_title(attempt)) }
            dl class="liveops-facts" {
                @for (name, value) in facts.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                    div { dt { (self.language.translate(name)) } dd { (value) } }
                }
            }
            @if let Some(message) = &attempt.error { (error(message)) }
            (self.past_stages(stages))
            @if let Some((output, order)) = result {
                div class="op-result" {
                    (self.templates().render_result(template, output, order, &self.language))
                }
            }
            @if log.iter().len() > 0 {
                h2 { (self.language.translate(Text::Log)) }
                div class="op-log" { (log_lines(subject.id, log.iter())) }
                p {
                    a class="op-log-link" href={ (url) "log?attempt=" (attempt.number) } {
                        (self.language.translate(Text::WholeLog))
                    }
                }
            }
            @if let Some(traceback) = traceback.as_deref().filter(|_| is_staff) {
                div class="op-traceback" { (self.traceback(traceback)) }
            }
        }
    }

    /// Returns the title of an attempt.
    pub(crate) fn attempt_title(&self, attempt: &PastAttempt) -> String {
        self.language.translate_with(Text::AttemptNumber, [("number", attempt.number.into())])
    }

    fn attempt_link(&self, subject: &Subject, attempt: &PastAttempt) -> Markup {
        let url = self.url(subject.kind.op_type, subject.id);
        html! { a href={ (url) "attempts/" (attempt.number) } { (self.attempt_title(attempt)) } }
    }

    fn past_stages(&self, stages: &[StageRecord]) -> Markup {
        html! {
            @if !stages.is_empty() {
                table class="liveops-table" {
                    thead {
                        tr {
                            @for text in [Text::Stage, Text::State, Text::Took] {
                                th scope="col" { (self.language.translate(text)) }
                            }
                        }
                    }
                    tbody {
                        @for StageRecord { stage, state, timing } in stages {
                            tr {
                                th scope="row" { (stage) }
                                td { (self.language.translate(stage_state_in_words(*state))) }
                                td data-label=(self.language.translate(Text::Took)) {
                                    @if let Some(took) = timing.took() { (self.language.duration(took)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the text for the end of an attempt.
pub(crate) const fn outcome_in_words(outcome: AttemptOutcome) -> Text {
    match outcome {
        AttemptOutcome::Finished => state_in_words(OperationState::FinishedOk),
        AttemptOutcome::Failed => state_in_words(OperationState::FinishedError),
        AttemptOutcome::Cancelled => state_in_words(OperationState::Cancelled),
        AttemptOutcome::Lost => Text::AttemptLost,
        AttemptOutcome::HandedBack => Text::AttemptHandedBack,
    }
}

/// Returns the position at which the attempt stopped, if it failed or was stopped.
pub(crate) fn stopped_bar(language: &Language, attempt: &PastAttempt) -> Option<String> {
    let bar = attempt.bar.as_ref().filter(|_| attempt.outcome != AttemptOutcome::Finished);
    bar.map(|bar| stopped_at(language, bar))
}

fn badge(language: &Language, outcome: AttemptOutcome) -> Markup {
    let color = match outcome {
        AttemptOutcome::Finished => OperationState::FinishedOk,
        AttemptOutcome::Failed | AttemptOutcome::Lost => OperationState::FinishedError,
        AttemptOutcome::Cancelled => OperationState::Cancelled,
        AttemptOutcome::HandedBack => OperationState::NotStarted,
    };
    badge_of(color, &language.translate(outcome_in_words(outcome)))
}

/// Returns the duration of an attempt. Zero if the clocks of the worker and of a rescuer disagree.
fn took(attempt: &PastAttempt) -> Duration {
    (attempt.ended_on - attempt.started_on).to_std().unwrap_or_default()
}
