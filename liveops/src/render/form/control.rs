//! The controls of a form: label, help, error and input element of one field.

use std::borrow::Cow;

use maud::{Markup, html};

use super::prose;
use crate::{
    form::{Choice, Control, Field, FieldType, Form, Scalar, messages},
    language::{Language, Text},
    operation::OperationKind,
};

/// The element ids of a field.
pub(super) struct Ids {
    pub(super) control: String,
    help: String,
    error: String,
}

impl Ids {
    pub(super) fn new(form: &str, field: &str) -> Self {
        let control = format!("{form}-{field}");
        Self { help: format!("{control}-help"), error: format!("{control}-error"), control }
    }
}

/// A visible field with its label, help, error and values.
pub(super) struct RenderedControl<'a> {
    pub(super) field: &'static Field,
    pub(super) kind: &'a OperationKind,
    pub(super) form: &'static Form,
    pub(super) language: &'a Language,
    pub(super) ids: Ids,
    pub(super) texts: Vec<&'a str>,
    pub(super) error: Option<&'a str>,
    /// Set if the user must choose a file again.
    pub(super) lost: bool,
}

impl RenderedControl<'_> {
    pub(super) fn render(&self) -> Markup {
        html! {
            div class="liveops-field" data-invalid[self.error.is_some()] {
                @if self.is_group() {
                    fieldset id=(self.ids.control) aria-describedby=[self.described_by()] tabindex="-1" {
                        legend { (self.label()) }
                        (self.notes())
                        // A browser sends nothing for unticked checkboxes; this value lets the user choose an
                        // empty list.
                        input type="hidden" name=(self.field.name) value="";
                        @for choice in self.field_type().choices { (self.box_of(choice)) }
                    }
                } @else if self.field_type().control == Control::Checkbox {
                    label for=(self.ids.control) { (self.checkbox()) " " (self.label()) }
                    (self.notes())
                } @else {
                    label for=(self.ids.control) { (self.label()) }
                    (self.notes())
                    (self.control())
                }
            }
        }
    }

    fn field_type(&self) -> &'static FieldType {
        &self.field.field_type
    }

    /// Returns `true` if the user can choose any number of choices.
    fn is_group(&self) -> bool {
        self.field_type().is_multiple && self.field_type().control == Control::Select
    }

    fn label(&self) -> Markup {
        html! {
            span {
                (prose(&self.form.label_in(self.language, self.kind, self.field)))
                @if self.field.is_required() {
                    " " span class="liveops-required" { "(" (self.language.translate(Text::Required)) ")" }
                }
            }
        }
    }

    fn notes(&self) -> Markup {
        html! {
            @if let Some(help) = self.help() { p class="liveops-help" id=(self.ids.help) { (help) } }
            @if let Some(error) = self.error {
                p class="liveops-mistake" id=(self.ids.error) { (error) }
            }
        }
    }

    fn help(&self) -> Option<Markup> {
        let kind = self.field_type();
        let is_list = kind.is_multiple && kind.control == Control::Multiline;
        let hints = [
            is_list.then_some(Text::OnePerLine),
            (kind.scalar == Scalar::Instant).then_some(Text::InUtc),
            self.lost.then_some(Text::FilesAgain),
        ];
        let hints: Vec<Text> = hints.into_iter().flatten().collect();
        if self.field.help.is_empty() && hints.is_empty() {
            return None;
        }
        Some(html! {
            (prose(&self.form.help_in(self.language, self.kind, self.field)))
            @for hint in hints { " " (self.language.translate(hint)) }
        })
    }

    fn described_by(&self) -> Option<String> {
        let help = self.help().map(|_| self.ids.help.as_str());
        let error = self.error.map(|_| self.ids.error.as_str());
        let ids: Vec<&str> = [error, help].into_iter().flatten().collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn invalid(&self) -> Option<&'static str> {
        self.error.map(|_| "true")
    }

    fn text(&self) -> &str {
        self.texts.last().copied().unwrap_or_default()
    }

    fn box_of(&self, choice: &Choice) -> Markup {
        html! {
            label {
                input type="checkbox" name=(self.field.name) value=(choice.value)
                    aria-invalid=[self.invalid()] checked[self.texts.contains(&choice.value)];
                " " (self.choice_label(choice))
            }
        }
    }

    /// Renders a checkbox. A browser sends nothing for an unticked checkbox, so a hidden "false" precedes it.
    fn checkbox(&self) -> Markup {
        html! {
            input type="hidden" name=(self.field.name) value="false";
            input type="checkbox" id=(self.ids.control) name=(self.field.name) value="true"
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()]
                checked[matches!(self.text(), "true" | "on")];
        }
    }

    fn control(&self) -> Markup {
        match self.field_type().control {
            Control::Select => self.select(),
            Control::Multiline => self.lines(),
            _ => self.input(),
        }
    }

    fn select(&self) -> Markup {
        let is_settled = self.field.is_required() || self.field.default.is_some();
        let is_chosen = |choice: &Choice| choice.value == self.text();
        let has_none = !is_settled || !self.field_type().choices.iter().any(is_chosen);
        html! {
            select id=(self.ids.control) name=(self.field.name) required[self.field.is_required()]
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()] {
                @if has_none { option value="" { "—" } }
                @for choice in self.field_type().choices {
                    option value=(choice.value) selected[is_chosen(choice)] { (self.choice_label(choice)) }
                }
            }
        }
    }

    fn lines(&self) -> Markup {
        let text = self.texts.join("\n");
        html! {
            textarea id=(self.ids.control) name=(self.field.name) rows=(self.field_type().rows.unwrap_or(4))
                placeholder=[self.placeholder()] maxlength=[self.max_length()]
                required[self.field.is_required()]
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()] {
                // A browser drops the first line break of a textarea.
                @if text.starts_with('\n') { "\n" }
                (text)
            }
        }
    }

    fn input(&self) -> Markup {
        let kind = self.field_type();
        let is_file = kind.control == Control::File;
        // The value of a `datetime-local` input has no time zone.
        let text = if kind.scalar == Scalar::Instant {
            self.text().trim_end_matches('Z')
        } else {
            self.text()
        };
        let step = match (kind.step, kind.scalar) {
            (Some(step), _) => Some(step.to_string()),
            (None, Scalar::Number | Scalar::Single) => Some("any".to_owned()),
            (None, _) => None,
        };
        html! {
            input type=(input_type(kind.control)) id=(self.ids.control) name=(self.field.name)
                value=[Some(text).filter(|text| !is_file && !text.is_empty())]
                placeholder=[self.placeholder()] maxlength=[self.max_length().filter(|_| !is_file)]
                min=[kind.min.map(messages::bound)] max=[kind.max.map(messages::bound)] step=[step]
                accept=[Some(kind.accept).filter(|accept| !accept.is_empty())]
                multiple[is_file && kind.is_multiple] required[self.field.is_required()]
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
        }
    }

    fn choice_label(&self, choice: &Choice) -> Cow<'static, str> {
        match (self.field_type().scalar, choice.value) {
            (Scalar::Bool, "true") => self.language.translate(Text::Yes).into(),
            (Scalar::Bool, "false") => self.language.translate(Text::No).into(),
            _ => self.form.choice_in(self.language, self.kind, self.field, choice),
        }
    }

    fn placeholder(&self) -> Option<&'static str> {
        Some(self.field.placeholder).filter(|placeholder| !placeholder.is_empty())
    }

    /// The maximum length of the input; `None` for a list, because the browser would count all lines
    /// together.
    fn max_length(&self) -> Option<u32> {
        self.field_type().max_length.filter(|_| !self.field_type().is_multiple)
    }
}

fn input_type(control: Control) -> &'static str {
    match control {
        Control::Email => "email",
        Control::Url => "url",
        Control::Tel => "tel",
        Control::Password => "password",
        Control::Number => "number",
        Control::Checkbox => "checkbox",
        Control::Date => "date",
        Control::Time => "time",
        Control::DateTime => "datetime-local",
        Control::File => "file",
        Control::Text | Control::Multiline | Control::Select => "text",
    }
}
