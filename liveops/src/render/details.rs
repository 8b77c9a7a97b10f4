//! The section of an operation's page with the details for its owner.

use std::time::Duration;

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde_json::Value;

use super::{Renderer, Subject, templates::value};
use crate::{
    form::{EnteredInput, Field, Form},
    language::Text,
    operation::ChannelName,
};

/// The details of an operation that its owner sees beside the running state. They are rendered on request, and are
/// never part of a frame, because all viewers receive the same frames.
#[derive(Debug, Clone)]
pub(crate) struct DetailsSection {
    /// The time at which the operation was enqueued.
    pub created_on: DateTime<Utc>,
    /// The earliest start, if later than at once.
    pub run_after: Option<DateTime<Utc>>,
    /// The start of the newest attempt.
    pub started_on: Option<DateTime<Utc>>,
    /// The end of the operation.
    pub finished_on: Option<DateTime<Utc>>,
    /// The input, if the viewer entered it.
    pub input: Option<EnteredInput>,
}

impl DetailsSection {
    /// The duration of the newest attempt until its end.
    fn ran(&self) -> Option<Duration> {
        (self.finished_on? - self.started_on?).to_std().ok()
    }
}

impl Renderer {
    /// Renders the details of an operation. The page reloads them when the state of the operation changes, and loads
    /// them when the reader opens an empty section.
    pub(crate) fn details_section(
        &self,
        subject: &Subject,
        section: Option<&DetailsSection>,
    ) -> Markup {
        html! {
            details class="liveops-details" lang=(self.language) {
                summary { (self.language.translate(Text::Details)) }
                div id={ "liveops-details-" (subject.id) }
                    data-liveop-list={ (self.url(subject.kind.op_type, subject.id)) "details" }
                    data-liveop-channel=(ChannelName::operation(subject.id)) {
                    @if let Some(section) = section { (self.details(subject, section)) }
                }
            }
        }
    }

    /// Renders the content of the details.
    pub(crate) fn details(&self, subject: &Subject, section: &DetailsSection) -> Markup {
        let times = [
            (Text::Created, Some(section.created_on)),
            (Text::NotBefore, section.run_after),
            (Text::StartedOn, section.started_on),
            (Text::EndedOn, section.finished_on),
        ];
        let times = times.into_iter().filter_map(|(name, on)| Some((name, on?)));
        html! {
            dl class="liveops-facts" {
                @for (name, on) in times {
                    div { dt { (self.language.translate(name)) } dd { (self.time(on)) } }
                }
                @if let Some(ran) = section.ran() {
                    div {
                        dt { (self.language.translate(Text::Ran)) }
                        dd { (self.language.duration(ran)) }
                    }
                }
            }
            @match &section.input {
                Some(EnteredInput::Whole(input)) => (self.input_as_json(input)),
                Some(EnteredInput::Fields(form, fields)) if !fields.is_empty() => {
                    h3 { (self.language.translate(Text::Input)) }
                    dl class="liveops-facts" {
                        @for (field, value) in fields {
                            div {
                                dt { (form.label_in(&self.language, &subject.kind, field)) }
                                dd dir="auto" { (self.entered(subject, form, field, value)) }
                            }
                        }
                    }
                }
                None | Some(EnteredInput::Fields(..)) => {},
            }
        }
    }

    /// Renders a value of a field: a choice by its label, and everything else like a value of a result.
    fn entered(&self, subject: &Subject, form: &Form, field: &Field, value: &Value) -> Markup {
        let choice = value
            .as_str()
            .and_then(|value| field.field_type.choices.iter().find(|choice| choice.value == value));
        html! {
            @match choice {
                Some(choice) => (form.choice_in(&self.language, &subject.kind, field, choice)),
                None => (value::inside(value, field.name, &self.language)),
            }
        }
    }
}
