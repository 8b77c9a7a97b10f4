use std::time::Duration;

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{ContainerOptions, Renderer, Subject, region::stage_state_in_words};
use crate::{
    event::StageState,
    language::Text,
    operation::{ChannelName, OperationId, UserId},
    projection::{Attempts, StageTiming},
};

/// What only staff see of an operation. Rendered for those who ask, and never part of a frame: those are
/// the same for everybody who watches.
#[derive(Debug, Clone)]
pub struct StaffSection {
    /// Whose it is.
    pub owner: UserId,
    /// Which attempt is the newest, of those that count.
    pub attempts: Attempts,
    /// How many attempts before do not count.
    pub attempts_before: u32,
    /// Who runs it, or ran it last.
    pub worker: Option<String>,
    /// The queue it waits in.
    pub queue: String,
    /// Larger goes first.
    pub priority: i32,
    /// When it may start at the earliest, where that is not at once.
    pub run_after: Option<DateTime<Utc>>,
    /// When it was enqueued.
    pub created_on: DateTime<Utc>,
    /// Since when the newest attempt could be made.
    pub due_on: DateTime<Utc>,
    /// When the newest attempt started.
    pub started_on: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_on: Option<DateTime<Utc>>,
    /// The operation that handed over to this one, with its path.
    pub chained_from: Option<(OperationId, Option<String>)>,
    /// The operation that this one handed over to, with its path.
    pub chained_to: Option<(OperationId, Option<String>)>,
    /// Its stages, in order.
    pub stages: Vec<StaffStage>,
    /// The input, as text.
    pub input: String,
}

/// A stage of an operation, as staff see it.
#[derive(Debug, Clone, Copy)]
pub struct StaffStage {
    /// Where it is.
    pub state: StageState,
    /// When it was entered and left.
    pub timing: StageTiming,
}

impl StaffSection {
    /// How long the newest attempt waited before it started.
    pub fn waited(&self) -> Option<Duration> {
        // Clocks of two processes may differ.
        Some((self.started_on? - self.due_on).to_std().unwrap_or_default())
    }

    /// How long the newest attempt ran before it ended.
    pub fn ran(&self) -> Option<Duration> {
        (self.finished_on? - self.started_on?).to_std().ok()
    }
}

impl Renderer {
    /// What staff see under an operation, which keeps itself up to date over `channel`.
    pub fn staff_section(
        &self,
        subject: &Subject,
        section: &StaffSection,
        channel: &ChannelName,
        connection: &ContainerOptions,
    ) -> Markup {
        let url = format!("{}staff", self.url(subject.kind.op_type, subject.id));
        let element_id = format!("liveops-staff-{}", subject.id);
        let content = self.staff_content(subject, section);
        html! {
            details class="liveops-staff" lang=(self.language) {
                summary { (self.language.translate(Text::ForStaff)) }
                (self.live_list(&element_id, &url, channel, connection, &content))
            }
        }
    }

    /// The content of the section alone.
    pub fn staff_content(&self, subject: &Subject, section: &StaffSection) -> Markup {
        html! {
            dl class="liveops-facts" {
                @for (name, value) in self.staff_facts(subject, section) {
                    div { dt { (self.language.translate(name)) } dd { (value) } }
                }
            }
            (self.staff_stages(subject, &section.stages))
            (self.staff_input(&section.input))
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

    /// What is to come is left empty; what was and nobody noted is unknown.
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

    fn staff_input(&self, input: &str) -> Markup {
        let title = self.language.translate(Text::Input);
        html! {
            h3 { (title) }
            // It scrolls, so it can be reached with the keyboard, and says what it is.
            pre tabindex="0" role="region" aria-label=(title) dir="ltr" { (input) }
        }
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
