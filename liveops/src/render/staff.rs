//! The staff section of an operation's page.

use std::time::Duration;

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde_json::Value;

use super::{ContainerOptions, Renderer, Subject, region::stage_state_in_words};
use crate::{
    event::StageState,
    language::Text,
    operation::{ActionKind, ChannelName, OperationId, PastAction, UserId},
    plain_text::escape_json,
    projection::{Attempts, PastAttempt, StageTiming, kept},
};

/// Maximum number of bytes of an input that the page shows.
const INPUT_SHOWN_BYTES_MAX: usize = 16 << 10;

/// The facts about an operation that only staff see. They are rendered on request and are never part of a
/// frame, because all viewers receive the same frames.
#[derive(Debug, Clone)]
pub(crate) struct StaffSection {
    /// The owner of the operation.
    pub owner: UserId,
    /// The number of the newest attempt, among the attempts that count.
    pub attempts: Attempts,
    /// The number of attempts that do not count: those before the last retry by a user, and those handed back
    /// since.
    pub attempts_before: u32,
    /// The worker that runs the operation or ran it last.
    pub worker: Option<String>,
    /// The queue of the operation.
    pub queue: String,
    /// The priority; a larger priority is claimed first.
    pub priority: i32,
    /// The earliest start, if later than at once.
    pub run_after: Option<DateTime<Utc>>,
    /// The time at which the operation was enqueued.
    pub created_on: DateTime<Utc>,
    /// The time from which the newest attempt could start.
    pub due_on: DateTime<Utc>,
    /// The start of the newest attempt.
    pub started_on: Option<DateTime<Utc>>,
    /// The end of the operation.
    pub finished_on: Option<DateTime<Utc>>,
    /// The operation that handed over to this one, with the path of its page.
    pub chained_from: Option<(OperationId, Option<String>)>,
    /// The operation that this one handed over to, with the path of its page.
    pub chained_to: Option<(OperationId, Option<String>)>,
    /// The actions on the operation, the earliest first.
    pub actions: Vec<PastAction>,
    /// The attempts that are over, the earliest first.
    pub past_attempts: Vec<PastAttempt>,
    /// The stages of the operation, in order.
    pub stages: Vec<StaffStage>,
    /// The input.
    pub input: Value,
}

/// A stage of an operation, with the details for staff.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StaffStage {
    /// The state of the stage.
    pub state: StageState,
    /// The entry and exit times of the stage.
    pub timing: StageTiming,
}

impl StaffSection {
    /// The waiting time of the newest attempt before its start.
    pub(crate) fn waited(&self) -> Option<Duration> {
        // The clocks of two processes may differ, so the wait may be negative.
        Some((self.started_on? - self.due_on).to_std().unwrap_or_default())
    }

    /// The duration of the newest attempt until its end.
    pub(crate) fn ran(&self) -> Option<Duration> {
        (self.finished_on? - self.started_on?).to_std().ok()
    }
}

impl Renderer {
    /// Renders the staff section of an operation, which updates itself over `channel`.
    pub(crate) fn staff_section(
        &self,
        subject: &Subject,
        section: Option<&StaffSection>,
        channel: &ChannelName,
        connection: &ContainerOptions,
    ) -> Markup {
        let url = format!("{}staff", self.url(subject.kind.op_type, subject.id));
        let element_id = format!("liveops-staff-{}", subject.id);
        let content = section.map(|section| self.staff_content(subject, section));
        let content = content.unwrap_or_default();
        html! {
            details class="liveops-staff" lang=(self.language) {
                summary { (self.language.translate(Text::ForStaff)) }
                (self.live_list(&element_id, &url, channel, connection, &content))
            }
        }
    }

    /// Renders the content of the staff section.
    pub(crate) fn staff_content(&self, subject: &Subject, section: &StaffSection) -> Markup {
        html! {
            dl class="liveops-facts" {
                @for (name, value) in self.staff_facts(subject, section) {
                    div { dt { (self.language.translate(name)) } dd { (value) } }
                }
            }
            (self.staff_stages(subject, &section.stages))
            (self.staff_attempts(subject, &section.past_attempts))
            (self.staff_actions(&section.actions))
            (self.input_as_json(&section.input))
        }
    }

    fn staff_facts(
        &self,
        subject: &Subject,
        section: &StaffSection,
    ) -> impl Iterator<Item = (Text, Markup)> {
        let text = |text: &str| html! { (text) };
        let number = |number: f64| html! { (self.language.number(number)) };
        let time = |on: DateTime<Utc>| self.time(on);
        let duration = |duration| html! { (self.language.duration(duration)) };
        let Attempts { number: attempt, max, .. } = section.attempts;
        let attempts = [("number", attempt.into()), ("max", max.into())];
        let not_counted = Some(section.attempts_before).filter(|count| *count > 0);
        let facts = [
            (Text::Operation, Some(text(&subject.id.to_string()))),
            (Text::Type, Some(text(subject.kind.op_type))),
            (Text::Owner, Some(text(section.owner.as_str()))),
            (Text::Attempt, Some(text(&self.language.translate_with(Text::AttemptOf, attempts)))),
            (Text::AttemptsBefore, not_counted.map(|count| number(count.into()))),
            (Text::Worker, section.worker.as_deref().map(text)),
            (Text::Queue, Some(text(&section.queue))),
            (Text::Priority, Some(number(section.priority.into()))),
            (Text::Created, Some(time(section.created_on))),
            (Text::NotBefore, section.run_after.map(time)),
            (Text::Due, Some(time(section.due_on))),
            (Text::StartedOn, section.started_on.map(time)),
            (Text::EndedOn, section.finished_on.map(time)),
            (Text::Waited, section.waited().map(duration)),
            (Text::Ran, section.ran().map(duration)),
            (Text::ChainedFrom, section.chained_from.as_ref().map(link)),
            (Text::ChainedTo, section.chained_to.as_ref().map(link)),
        ];
        facts.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    fn staff_stages(&self, subject: &Subject, stages: &[StaffStage]) -> Markup {
        let translate = |text| self.language.translate(text);
        html! {
            @if !stages.is_empty() {
                table class="liveops-table" {
                    thead {
                        tr {
                            @for text in [Text::Stage, Text::State, Text::Entered, Text::Left, Text::Took] {
                                th scope="col" { (translate(text)) }
                            }
                        }
                    }
                    tbody {
                        @for (label, stage) in self.language.stages(&subject.kind).iter().zip(stages) {
                            tr {
                                th scope="row" { (label) }
                                td { (translate(stage_state_in_words(stage.state))) }
                                (self.timing(*stage))
                            }
                        }
                    }
                }
            }
        }
    }

    /// Renders the times of a stage. A future time is empty; a past time that was not recorded is shown as
    /// unknown.
    fn timing(&self, StaffStage { state, timing }: StaffStage) -> Markup {
        let unknown =
            |is_past: bool| html! { @if is_past { (self.language.translate(Text::Unknown)) } };
        let translate = |text| self.language.translate(text);
        let was_entered = state != StageState::Pending;
        let was_left = was_entered && state != StageState::Active;
        let time = |on: Option<DateTime<Utc>>, is_past| match on {
            Some(on) => self.time(on),
            None => unknown(is_past),
        };
        html! {
            td data-label=(translate(Text::Entered)) { (time(timing.entered_on, was_entered)) }
            td data-label=(translate(Text::Left)) { (time(timing.left_on, was_left)) }
            td data-label=(translate(Text::Took)) {
                @match timing.took() {
                    Some(took) => (self.language.duration(took)),
                    None => (unknown(was_left)),
                }
            }
        }
    }

    fn staff_actions(&self, actions: &[PastAction]) -> Markup {
        let translate = |text| self.language.translate(text);
        html! {
            h3 { (translate(Text::Actions)) }
            ul class="liveops-actions" {
                @for PastAction { at, action, .. } in actions {
                    li {
                        (self.time(*at)) " · " (translate(action_in_words(action.kind))) " · "
                        @match &action.actor {
                            Some(actor) => bdi { (actor) },
                            None => (translate(Text::TheApplication)),
                        }
                    }
                }
            }
        }
    }

    /// Renders an input as JSON, of which a large one is cut.
    pub(super) fn input_as_json(&self, input: &Value) -> Markup {
        let title = self.language.translate(Text::Input);
        let input = format!("{input:#}");
        let input = escape_json(&kept(&input, INPUT_SHOWN_BYTES_MAX)).into_owned();
        html! {
            h3 { (title) }
            // The element scrolls, so it needs keyboard focus and a label.
            pre tabindex="0" role="region" aria-label=(title) dir="ltr" { (input) }
        }
    }
}

/// Returns the text for an action.
pub(crate) const fn action_in_words(kind: ActionKind) -> Text {
    match kind {
        ActionKind::Create => Text::ActionCreate,
        ActionKind::Cancel => Text::ActionCancel,
        ActionKind::Retry => Text::ActionRetry,
        ActionKind::BulkCancel => Text::ActionBulkCancel,
        ActionKind::BulkRetry => Text::ActionBulkRetry,
        ActionKind::Prune => Text::ActionPrune,
        ActionKind::GiveUpHook => Text::ActionGiveUpHook,
    }
}

fn link((id, url): &(OperationId, Option<String>)) -> Markup {
    html! {
        @match url {
            Some(url) => a href=(url) { (id) },
            None => (id),
        }
    }
}
